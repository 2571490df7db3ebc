package org.protostar

import com.cloudbees.groovy.cps.NonCPS

/** The ids of settings as bindings of withCredentials. Never sees a secret. */
class Credentials implements Serializable {

    private static final long serialVersionUID = 1L

    @NonCPS
    static List<Map> bindings(Map settings) {
        List<Map> texts = settings.secretTexts.collect { variable, id -> binding('StringBinding', variable, id) }
        List<Map> files = settings.secretFiles.collect { variable, id -> binding('FileBinding', variable, id) }
        return texts + files + (settings.sshCredentials ? [key(settings.sshCredentials)] : [])
    }

    @NonCPS
    private static Map binding(String kind, Object variable, Object id) {
        return [$class: kind, credentialsId: id as String, variable: variable as String]
    }

    @NonCPS
    private static Map key(String id) {
        return [
            $class: 'SSHUserPrivateKeyBinding', credentialsId: id,
            keyFileVariable: 'PROTOSTAR_SSH_KEY', passphraseVariable: 'PROTOSTAR_SSH_PASSPHRASE',
        ]
    }

}
