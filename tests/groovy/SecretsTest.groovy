import org.junit.Test

class SecretsTest extends LibraryTest {

    static final String ALL = """protostarDeploy service: 'api', version: 'v2',
        secretTexts: [NOTIFY_URL: 'notify-url'], secretFiles: [SOPS_AGE_KEY_FILE: 'age-key']"""

    @Test
    void 'secrets reach a command by their ids alone'() {
        jenkinsfile(ALL)
        assert asked('withCredentials')*.with.unique() == [[
            [$class: 'StringBinding', credentialsId: 'notify-url', variable: 'NOTIFY_URL'],
            [$class: 'FileBinding', credentialsId: 'age-key', variable: 'SOPS_AGE_KEY_FILE'],
            [$class: 'SSHUserPrivateKeyBinding', credentialsId: 'deploy-ssh', keyFileVariable: 'PROTOSTAR_SSH_KEY',
             passphraseVariable: 'PROTOSTAR_SSH_PASSPHRASE'],
        ]]
        assert asked('sh').every { call -> call.within.any { it.startsWith('withCredentials ') } }
    }

    @Test
    void 'no key is asked for where the agent has its own'() {
        jenkinsfile("protostarStatus sshCredentials: ''")
        assert asked('withCredentials')*.with == [[]]
    }

    @Test
    void 'the script is one and the same whatever is asked: nothing is put into it'() {
        jenkinsfile(ALL)
        jenkinsfile("protostarRollback service: 'a b', to: '\$HOME'")
        assert asked('sh')*.with*.script.unique() == ['exec python3 bootstrap.py request.json']
        assert asked('sh').every { it.with.script instanceof String }
    }

}
