import org.protostar.Agent
import org.protostar.Helper
import org.protostar.Settings
import org.protostar.Turn

void call(Map arguments = [:]) {
    Settings settings = Settings.of(this, 'protostarDeploy', arguments)
    String service = settings.values.service
    new Turn(this, settings).take {
        new Agent(this, settings).onOne(settings.values.deployAgent, false) { Helper helper ->
            stage('Config sync') { helper.run('sync', "Configuration of the servers of ${service}") }
            stage('Plan') { helper.run('plan', "Plan the deploy of ${service}") }
            stage('Deploy') { helper.run('deploy', "Deploy ${service}") }
            stage('Verify') { helper.run('verify', "What serves of ${service}") }
        }
    }
}
