import org.protostar.Agent
import org.protostar.Helper
import org.protostar.Settings
import org.protostar.Turn

void call(Map arguments = [:]) {
    Settings settings = Settings.of(this, 'protostarRollback', arguments)
    new Turn(this, settings).take {
        stage('Rollback') {
            new Agent(this, settings).onOne(settings.values.deployAgent, false) { Helper helper ->
                helper.run('rollback', "Roll back ${settings.values.service}")
            }
        }
    }
}
