package org.protostar

import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonOutput

/** Has pyhelpers do one thing on this agent, and brings what came of it to the build page. */
class Helper implements Serializable {

    private static final long serialVersionUID = 1L
    private static final String UNSAID = 'the helper ended before it could say why: see above'

    private final Object script
    private final Map settings
    private final String folder
    private final String infra

    Helper(Object script, Map settings, String folder, String infra) {
        this.script = script
        this.settings = settings
        this.folder = folder
        this.infra = infra
    }

    /** Ends the build with the three lines of what went wrong. An abort passes through. */
    void run(String action, String label) {
        script.dir(folder) {
            write('bootstrap.py', resource('bootstrap.py'))
            write('request.json', request(action))
            int code = 1
            try {
                code = execute(label)
            } finally {
                publish()
            }
            if (code != 0) {
                script.error(read('error.txt') ?: UNSAID)
            }
        }
    }

    /** What a command left for a later step; empty: nothing. */
    String read(String name) {
        String path = "${folder}/${name}"
        return script.fileExists(path) ? script.readFile(file: path, encoding: 'UTF-8').trim() : ''
    }

    private int execute(String label) {
        int code = 1
        script.withCredentials(Credentials.bindings(settings)) {
            script.timeout(time: settings.timeoutMinutes, unit: 'MINUTES') {
                code = script.sh(label: label, returnStatus: true, script: 'exec python3 bootstrap.py request.json')
            }
        }
        return code
    }

    private void publish() {
        String description = read('description.html')
        if (description) {
            script.currentBuild.description = description
            script.archiveArtifacts(artifacts: 'report.html, report.json', allowEmptyArchive: true)
        }
    }

    private void write(String name, String text) {
        script.writeFile(file: name, encoding: 'UTF-8', text: text)
    }

    private String resource(String name) {
        return script.libraryResource(resource: "org/protostar/${name}", encoding: 'UTF-8')
    }

    private String request(String action) {
        Map build = [job: script.env.JOB_NAME, number: script.env.BUILD_NUMBER, url: script.env.BUILD_URL,
            causes: script.currentBuild.getBuildCauses()]
        return json([action: action, settings: settings, workspace: script.env.WORKSPACE, folder: folder,
            infra: infra, build: build], resource('library.json'))
    }

    /** Letters beyond ASCII escaped: no encoding on the way can change them. */
    @NonCPS
    private static String json(Map request, String library) {
        return JsonOutput.prettyPrint(JsonOutput.toJson(request + [library: Arguments.parsed(library)]))
    }

}
