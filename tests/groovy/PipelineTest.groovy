import groovy.json.JsonOutput
import groovy.json.JsonSlurperClassic
import org.junit.Test

class PipelineTest extends LibraryTest {

    static final String JENKINSFILE = "protostarPipeline service: 'api', infra: 'git@centre.lan:infra.git', sync: 'apply'"

    @Test
    void 'builds, then deploys what was built, each on its agent'() {
        jenkinsfile(JENKINSFILE)
        assert requests()*.action == ['build', 'sync', 'plan', 'deploy', 'verify']
        assert requests().tail()*.settings*.version.unique() == [IMAGE]
        assert asked('sh')*.within.collect { it.findAll { block -> block =~ /^(stage|node|lock)/ } } == [
            ['stage Build', 'node build'],
            ['lock protostar-api', 'node deploy', 'stage Config sync'],
            ['lock protostar-api', 'node deploy', 'stage Plan'],
            ['lock protostar-api', 'node deploy', 'stage Deploy'],
            ['lock protostar-api', 'node deploy', 'stage Verify'],
        ]
    }

    @Test
    void 'asks Jenkins for exactly what stands in expected'() {
        jenkinsfile(JENKINSFILE)
        File expected = new File(CHECKOUT, 'tests/groovy/expected/pipeline.json')
        String found = JsonOutput.prettyPrint(JsonOutput.toJson(calls.collect { told(it) })) + '\n'
        File seen = new File(CHECKOUT, 'tests/groovy/target/pipeline.json')
        seen.setText(found, 'UTF-8')
        assert expected.getText('UTF-8') == found: "if it is meant: cp ${seen} ${expected}"
    }

    /** Without what differs from machine to machine and from commit to commit. */
    Map told(Map call) {
        return new JsonSlurperClassic().parseText(
            JsonOutput.toJson([step: call.step, with: content(call.with), within: call.within])
                .replace(temporary.root.path, ''))
    }

    Object content(Object argument) {
        if (argument instanceof Map && argument.file == 'bootstrap.py') {
            return argument + [text: '…']
        }
        if (argument instanceof Map && argument.file == 'request.json') {
            return argument + [text: new JsonSlurperClassic().parseText(argument.text) + [library: '…']]
        }
        return argument
    }

    @Test
    void 'the library saves the build at each step'() {
        jenkinsfile(JENKINSFILE)
        assert helper.saved >= calls.size()
    }

    @Test
    void 'a branch that is not deployed is built'() {
        binding.getVariable('env').BRANCH_NAME = 'feature'
        jenkinsfile(JENKINSFILE)
        assert requests()*.action == ['build']
        assert asked('echo')*.with.first().contains('Only main is deployed, and this is feature')
    }

    @Test
    void 'the branch of a multibranch job that is deployed can be named'() {
        binding.getVariable('env').BRANCH_NAME = 'release'
        jenkinsfile("protostarPipeline service: 'api', branch: 'release'")
        assert requests()*.action.contains('deploy')
    }

    @Test
    void 'what was said of the pipeline reaches the step that it is for'() {
        jenkinsfile("protostarPipeline service: 'api', context: 'backend', hosts: ['a5'], timeoutMinutes: 7")
        Map build = requests().first().settings
        Map deploy = requests().last().settings
        assert [build.context, build.timeoutMinutes, build.hosts] == ['backend', 7, null]
        assert [deploy.hosts, deploy.timeoutMinutes, deploy.context] == [['a5'], 7, null]
    }

}
