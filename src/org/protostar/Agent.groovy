package org.protostar

/** Where a step's commands run, with the checkouts that they need. */
class Agent implements Serializable {

    private static final long serialVersionUID = 1L

    private final Object script
    private final Map settings

    Agent(Object script, Settings settings) {
        this.script = script
        this.settings = settings.values
    }

    /** On the one that the caller has, as it is: never a second executor. Else on one with this label. */
    void onOne(String label, boolean sources, Closure body) {
        if (script.env.WORKSPACE) {
            withInfra(body)
            return
        }
        script.node(label) {
            if (sources || !settings.infra) {
                script.checkout(script.scm)
            }
            withInfra(body)
        }
    }

    /** What body is given works in the folder beside the workspace: what is built stays as it was checked out. */
    private void withInfra(Closure body) {
        String folder = "${script.pwd(tmp: true)}/protostar"
        String infra = script.env.WORKSPACE
        if (settings.infra) {
            infra = "${folder}/infra"
            script.dir(infra) {
                script.git(url: settings.infra, branch: settings.infraBranch,
                    credentialsId: settings.infraCredentials, changelog: false, poll: false)
            }
        }
        body(new Helper(script, settings, folder, infra))
    }

}
