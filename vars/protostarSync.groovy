import org.protostar.Agent
import org.protostar.Helper
import org.protostar.Settings

void call(Map arguments = [:]) {
    Settings settings = Settings.of(this, 'protostarSync', arguments)
    stage('Config sync') {
        new Agent(this, settings).onOne(settings.values.deployAgent, false) { Helper helper ->
            helper.run('sync', "Configuration of ${settings.values.host}")
        }
    }
}
