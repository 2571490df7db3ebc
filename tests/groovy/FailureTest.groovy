import org.junit.Test

class FailureTest extends LibraryTest {

    static final String THREE = '''v4 is worse than it may be
State: api-green serves; traffic was flipped back
Try: protostar deploy history api'''

    static class Interrupted extends InterruptedException { }

    int failing(Map request, String action) {
        left(request, 'description.html', "told of ${request.action}")
        if (request.action == action) {
            left(request, 'error.txt', "${THREE}\n")
            return 7
        }
        return built(request)
    }

    @Test
    void 'a refused deploy ends with its three lines and nothing after them'() {
        helperDoes = { failing(it, 'deploy') }
        assert endsWith("protostarDeploy service: 'api', version: 'v4'") == THREE
        assert requests()*.action == ['sync', 'plan', 'deploy']
        assert calls.last().step == 'error'
    }

    @Test
    void 'what came of it stands on the build page'() {
        helperDoes = { failing(it, 'deploy') }
        endsWith("protostarDeploy service: 'api', version: 'v4'")
        assert binding.getVariable('currentBuild').description == 'told of deploy'
        assert asked('archiveArtifacts')*.with.unique() == [[artifacts: 'report.html, report.json', allowEmptyArchive: true]]
    }

    @Test
    void 'a plan that is refused begins no deploy'() {
        helperDoes = { failing(it, 'plan') }
        assert endsWith("protostarPipeline service: 'api'") == THREE
        assert requests()*.action == ['build', 'sync', 'plan']
    }

    @Test
    void 'a build that failed takes no turn'() {
        helperDoes = { failing(it, 'build') }
        assert endsWith("protostarPipeline service: 'api'") == THREE
        assert asked('lock') == []
    }

    @Test
    void 'a helper that could not say why is not passed over'() {
        helperDoes = { 137 }
        assert endsWith('protostarStatus()') == 'the helper ended before it could say why: see above'
    }

    @Test
    void 'an abort passes through, and what stands is on the build page'() {
        helperDoes = { request ->
            failing(request, 'deploy')
            if (request.action == 'deploy') {
                throw new Interrupted()
            }
            return 0
        }
        try {
            jenkinsfile("protostarDeploy service: 'api', version: 'v4'")
            assert false: 'it went on'
        } catch (Interrupted passed) {
            assert passed
        }
        assert asked('error') == []
        assert binding.getVariable('currentBuild').description == 'told of deploy'
        assert requests()*.action.last() == 'deploy'
        assert blocks == []
    }

}
