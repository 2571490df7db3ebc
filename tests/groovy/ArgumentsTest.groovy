import org.junit.Test

class ArgumentsTest extends LibraryTest {

    @Test
    void 'an unknown argument is refused with the nearest name, before anything is asked of Jenkins'() {
        assert endsWith("protostarPipeline servise: 'api', time_out: 3") ==
            '''protostarPipeline: service is missing; there is no servise: is service meant?; there is no time_out, only allowDirty, branch, buildAgent, context, dashboard, deployAgent, detach, dryRun, hosts, infra, infraBranch, infraCredentials, lockWaitMinutes, noRegistry, secretFiles, secretTexts, service, skipOlder, sshCredentials, sync, tag, timeoutMinutes
State: nothing was changed
Try: protostarPipeline service: 'api\''''
        assert calls*.step == ['libraryResource', 'error']
    }

    @Test
    void 'a missing one is named'() {
        assert endsWith("protostarDeploy service: 'api'").startsWith('protostarDeploy: version is missing\n')
    }

    @Test
    void 'so is an empty one, as of a variable that was not set'() {
        assert endsWith("protostarDeploy service: 'api', version: ''").startsWith('protostarDeploy: version is missing\n')
    }

    @Test
    void 'so is one of another type'() {
        assert endsWith("protostarDeploy service: 'api', version: 'v2', detach: 'no', hosts: 'a5'")
            .startsWith('protostarDeploy: detach is of type boolean, not String; hosts is of type List, not String\n')
    }

    @Test
    void 'so is a choice that there is not'() {
        assert endsWith("protostarDeploy service: 'api', version: 'v2', sync: 'yes'")
            .startsWith('protostarDeploy: sync is one of plan, apply, none, not yes\n')
    }

    @Test
    void 'a string that was put together is a string'() {
        jenkinsfile('String name = "ap"\nprotostarStatus service: "${name}i"')
        assert requests().first().settings.service == 'api'
    }

    @Test
    void 'an argument counts more than a variable, and a variable more than the default'() {
        binding.getVariable('env').putAll([PROTOSTAR_INFRA: 'git@centre:infra.git', PROTOSTAR_DEPLOY_AGENT: 'a',
            PROTOSTAR_TIMEOUT_MINUTES: '20'])
        jenkinsfile("protostarStatus deployAgent: 'b'")
        Map settings = requests().first().settings
        assert [settings.infra, settings.deployAgent, settings.timeoutMinutes, settings.infraBranch] ==
            ['git@centre:infra.git', 'b', 20, 'main']
    }

    @Test
    void 'what is said as null was not said'() {
        jenkinsfile('protostarStatus deployAgent: null')
        assert requests().first().settings.deployAgent == 'deploy'
    }

}
