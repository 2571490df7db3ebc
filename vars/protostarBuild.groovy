import org.protostar.Agent
import org.protostar.Helper
import org.protostar.Settings

String call(Map arguments = [:]) {
    Settings settings = Settings.of(this, 'protostarBuild', arguments)
    String version = ''
    stage('Build') {
        new Agent(this, settings).onOne(settings.values.buildAgent, true) { Helper helper ->
            helper.run('build', "Build ${settings.values.service}")
            version = helper.read('image')
        }
    }
    return version
}
