import org.protostar.Agent
import org.protostar.Helper
import org.protostar.Settings

void call(Map arguments = [:]) {
    Settings settings = Settings.of(this, 'protostarStatus', arguments)
    stage('Status') {
        new Agent(this, settings).onOne(settings.values.deployAgent, false) { Helper helper ->
            helper.run('status', "What serves of ${settings.values.service ?: 'all'}")
        }
    }
}
