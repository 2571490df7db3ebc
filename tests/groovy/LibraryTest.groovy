import com.cloudbees.groovy.cps.Continuation
import com.lesfurets.jenkins.unit.cps.BasePipelineTestCPS
import com.lesfurets.jenkins.unit.cps.PipelineTestHelperCPS
import com.lesfurets.jenkins.unit.global.lib.LibraryConfiguration
import com.lesfurets.jenkins.unit.global.lib.LocalSource
import groovy.json.JsonSlurperClassic
import java.lang.reflect.InvocationTargetException
import java.nio.file.Files
import org.junit.Before
import org.junit.Rule
import org.junit.rules.TemporaryFolder

/** A Jenkinsfile with our library, carried out with Jenkins's own continuation passing, on an agent that is a folder. */
abstract class LibraryTest extends BasePipelineTestCPS {

    static final File CHECKOUT = new File(System.getProperty('checkout')).canonicalFile
    // Recorded from a controller. The two that its record lacks are in the plug-ins' own documentation.
    static final Map<String, List<String>> PARAMETERS = withMore(
        new JsonSlurperClassic().parse(new File(CHECKOUT, 'tests/groovy/jenkins-steps.json')),
        [lock: ['inversePrecedence'], timeout: ['unit'], archiveArtifacts: ['artifacts', 'allowEmptyArchive']])

    static final String IMAGE = "v2@sha256:${'a' * 64}"

    @Rule public final TemporaryFolder temporary = new TemporaryFolder()

    /** What the pipeline asked of Jenkins, in order: step, its arguments, and the blocks around it. */
    final List<Map> calls = []
    /** What a helper does; its exit code. Gets the request. */
    Closure<Integer> helperDoes = { Map request -> built(request) }
    List<String> blocks = []
    File here

    static Map<String, List<String>> withMore(Map recorded, Map more) {
        return (recorded.keySet() + more.keySet()).collectEntries { name ->
            [(name): (recorded[name] ?: []) + (more[name] ?: [])]
        }
    }

    LibraryTest() {
        helper = new OneSerialization()
    }

    @Before
    void setUp() {
        scriptRoots = [temporary.root.path]
        super.setUp()
        registerLibrary()
        binding.setVariable('env', new HashMap([JOB_NAME: 'api', BUILD_NUMBER: '12', BUILD_URL: 'http://jenkins/job/api/12/']))
        binding.setVariable('currentBuild', new Build())
        binding.setVariable('scm', 'the scm of this Jenkinsfile')
        registerBlocks()
        registerSteps()
    }

    /** Only what a load delivers: vars, src and resources. */
    void registerLibrary() {
        File library = temporary.newFolder('library', 'protostar@1.0.0')
        for (name in ['vars', 'src', 'resources']) {
            Files.createSymbolicLink(new File(library, name).toPath(), new File(CHECKOUT, name).toPath())
        }
        helper.registerSharedLibrary(LibraryConfiguration.library().name('protostar').defaultVersion('1.0.0')
            .retriever(LocalSource.localSource(library.parent)).targetPath(library.parent)
            .allowOverride(true).implicit(false).build())
    }

    void registerBlocks() {
        block('stage', String) { it }
        block('lock', Map) { "${it.resource}" }
        block('timeout', Map) { "${it.time} ${it.unit}" }
        block('withCredentials', List) { it*.credentialsId.join(' ') }
        helper.registerAllowedMethod('dir', [String, Closure]) { String path, Closure body ->
            File before = here
            here = new File(path)
            here.mkdirs()
            within('dir', path.replace(temporary.root.path, ''), body) { here = before }
        }
        helper.registerAllowedMethod('node', [String, Closure]) { String label, Closure body ->
            here = new File(temporary.root, "agents/${label}/api")
            here.mkdirs()
            binding.getVariable('env').WORKSPACE = here.path
            within('node', label, body) { binding.getVariable('env').remove('WORKSPACE') }
        }
    }

    void block(String name, Class type, Closure<String> told) {
        helper.registerAllowedMethod(name, [type, Closure]) { argument, Closure body ->
            within(name, argument, body, told) { }
        }
    }

    Object within(String name, Object argument, Closure body, Closure told = { it }, Closure after) {
        note(name, argument)
        blocks << ("${name} ${told(argument)}" as String)
        try {
            return helper.callClosure(body)
        } catch (InvocationTargetException wrapped) {
            throw wrapped.targetException
        } finally {
            blocks.pop()
            after()
        }
    }

    void registerSteps() {
        step('libraryResource') { Map m -> new File(CHECKOUT, "resources/${m.resource}").getText(m.encoding) }
        step('writeFile') { Map m -> new File(here, m.file).setText(m.text, m.encoding) }
        step('readFile') { Map m -> at(m.file).getText(m.encoding) }
        step('pwd') { Map m -> "${binding.getVariable('env').WORKSPACE}@tmp" as String }
        step('sh') { Map m -> helperDoes(new JsonSlurperClassic().parse(new File(here, 'request.json'))) }
        ['git', 'archiveArtifacts'].each { name -> step(name) { } }
        helper.registerAllowedMethod('milestone', []) { -> note("milestone", [:]) }
        helper.registerAllowedMethod('checkout', [Object]) { scm -> note("checkout", [scm: scm]) }
        helper.registerAllowedMethod('echo', [String]) { message -> note("echo", message) }
        helper.registerAllowedMethod('fileExists', [String]) { String file -> at(file).exists() }
        helper.registerAllowedMethod('error', [String]) { String message ->
            note("error", message)
            throw new AbortException(message)
        }
    }

    void step(String name, Closure does) {
        helper.registerAllowedMethod(name, [Map]) { Map arguments ->
            note(name, arguments)
            does(arguments)
        }
    }

    void note(String name, Object argument) {
        helper.due = true
        if (argument instanceof Map) {
            assert argument.keySet() - PARAMETERS[name] == [] as Set: "${name} takes only ${PARAMETERS[name]}"
        }
        calls << [step: name, with: argument, within: blocks.collect()]
    }

    File at(String path) {
        return path.startsWith('/') ? new File(path) : new File(here, path)
    }

    // --- what tests say -------------------------------------------------------------------------

    /** The Jenkinsfile's lines after the one that names the library. */
    Object jenkinsfile(String text) {
        new File(temporary.root, 'Jenkinsfile').setText("@Library('protostar@1.0.0') _\n${text}\n", 'UTF-8')
        try {
            return runScript('Jenkinsfile')
        } catch (InvocationTargetException wrapped) {
            throw wrapped.targetException
        }
    }

    /** The message that ended the build. */
    String endsWith(String text) {
        try {
            jenkinsfile(text)
        } catch (AbortException ended) {
            return ended.message
        }
        throw new AssertionError('the build ended well')
    }

    List<Map> asked(String name) {
        return calls.findAll { it.step == name }
    }

    List<Map> requests() {
        return asked('writeFile').findAll { it.with.file == 'request.json' }
            .collect { new JsonSlurperClassic().parseText(it.with.text) }
    }

    /** As a helper leaves it for the library. */
    void left(Map request, String name, String text) {
        new File(request.folder, name).setText(text, 'UTF-8')
    }

    int built(Map request) {
        if (request.action == 'build') {
            left(request, 'image', "${IMAGE}\n")
        }
        return 0
    }

    static class AbortException extends IOException {
        AbortException(String message) { super(message) }
    }

    static class Build implements Serializable {
        String description
        String currentResult = 'SUCCESS'

        List<Map> getBuildCauses() { return [[userId: 'kim', shortDescription: 'Started by user Kim']] }
    }

    /** Jenkins saves a build when a step begins; saving after each expression too takes a minute a test. */
    static class OneSerialization extends PipelineTestHelperCPS {
        boolean due = true
        int saved = 0

        @Override
        <T> T roundtripSerialization(T object) {
            if (!due) {
                return object
            }
            due = false
            saved++
            return super.roundtripSerialization(object)
        }
    }

}
