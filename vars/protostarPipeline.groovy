import org.protostar.Settings

void call(Map arguments = [:]) {
    Settings settings = Settings.of(this, 'protostarPipeline', arguments)
    String version = protostarBuild(settings.forStep(this, 'protostarBuild', [:]))
    if (env.BRANCH_NAME && env.BRANCH_NAME != settings.values.branch) {
        echo "Built ${version}. Only ${settings.values.branch} is deployed, and this is ${env.BRANCH_NAME}."
        return
    }
    protostarDeploy(settings.forStep(this, 'protostarDeploy', [version: version]))
}
