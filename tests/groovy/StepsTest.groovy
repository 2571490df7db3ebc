import org.junit.Test

class StepsTest extends LibraryTest {

    /** Of each helper's command: what it is, where it runs. */
    List<List<String>> ran() {
        return asked('sh')*.within.withIndex().collect { blocks, index ->
            [requests()[index].action, *blocks.findAll { it =~ /^(stage|lock|node)/ }]
        }
    }

    @Test
    void 'a build checks out on a build agent, and returns what is deployed'() {
        assert jenkinsfile("return protostarBuild(service: 'api')") == IMAGE
        assert ran() == [['build', 'stage Build', 'node build']]
        assert asked('checkout')*.with == [[scm: 'the scm of this Jenkinsfile']]
    }

    @Test
    void 'within node the workspace is built as it is, on the same executor'() {
        jenkinsfile("node('mine') { protostarBuild(service: 'api') }")
        assert ran() == [['build', 'node mine', 'stage Build']]
        assert asked('checkout') == []
    }

    @Test
    void 'a sync runs on the deploy agent with the latest infra repository'() {
        jenkinsfile("protostarSync host: 'a5', infra: 'git@centre:infra.git', infraBranch: 'live'")
        assert ran() == [['sync', 'stage Config sync', 'node deploy']]
        assert asked('git')*.with == [[url: 'git@centre:infra.git', branch: 'live', credentialsId: 'git-ssh',
            changelog: false, poll: false]]
        assert asked('checkout') == []
        assert requests().first().infra.endsWith('@tmp/protostar/infra')
    }

    @Test
    void 'without an infra repository the Jenkinsfile own checkout is it'() {
        jenkinsfile("protostarSync host: 'a5'")
        assert asked('checkout').size() == 1
        assert requests().first().infra == requests().first().workspace
    }

    @Test
    void 'a deploy takes its turn before it takes an agent'() {
        jenkinsfile("protostarDeploy service: 'api', version: 'v2'")
        assert calls*.step.findAll { it in ['lock', 'milestone', 'node', 'sh'] } ==
            ['lock', 'milestone', 'node', 'sh', 'sh', 'sh', 'sh']
        assert asked('lock')*.with == [[resource: 'protostar-api', inversePrecedence: true]]
    }

    @Test
    void 'a job that deploys several services can keep the older builds'() {
        jenkinsfile("protostarDeploy service: 'api', version: 'v2', skipOlder: false")
        assert asked('lock').size() == 1
        assert asked('milestone') == []
    }

    @Test
    void 'a rollback takes its turn'() {
        jenkinsfile("protostarRollback service: 'api', to: 'v1'")
        assert ran() == [['rollback', 'lock protostar-api', 'stage Rollback', 'node deploy']]
        assert requests().first().settings.to == 'v1'
    }

    @Test
    void 'a rollback that is wanted now waits for nobody'() {
        jenkinsfile("protostarRollback service: 'api', now: true")
        assert ran() == [['rollback', 'stage Rollback', 'node deploy']]
    }

    @Test
    void 'a status needs no service'() {
        jenkinsfile('protostarStatus()')
        assert ran() == [['status', 'stage Status', 'node deploy']]
        assert requests().first().settings.service == null
    }

    @Test
    void 'two services one after the other'() {
        jenkinsfile("""
            for (name in ['api', 'web']) {
                protostarDeploy service: name, version: 'v2', skipOlder: false
            }""")
        assert asked('lock')*.with*.resource == ['protostar-api', 'protostar-web']
        assert requests()*.settings*.service.unique() == ['api', 'web']
    }

    @Test
    void 'who began a build is told'() {
        jenkinsfile('protostarStatus()')
        assert requests().first().build == [job: 'api', number: '12', url: 'http://jenkins/job/api/12/',
            causes: [[userId: 'kim', shortDescription: 'Started by user Kim']]]
    }

    @Test
    void 'each command has a label and a deadline'() {
        jenkinsfile("protostarDeploy service: 'api', version: 'v2', timeoutMinutes: 9")
        assert asked('sh')*.with*.label == ['Configuration of the servers of api', 'Plan the deploy of api',
            'Deploy api', 'What serves of api']
        assert asked('sh').every { 'timeout 9 MINUTES' in it.within }
    }

}
