import org.junit.Test

class PipelineTest extends LibraryTest {

    @Test
    void 'builds, then deploys what was built, each on its agent'() {
        helperDoes = { request -> left(request, 'image', "v2@sha256:${'a' * 64}\n"); 0 }
        jenkinsfile("protostarPipeline service: 'api', infra: 'git@centre:infra.git'")
        assert requests()*.action == ['build', 'sync', 'plan', 'deploy', 'verify']
        assert requests()[1..-1]*.settings*.version.unique() == ["v2@sha256:${'a' * 64}" as String]
        assert asked('sh').collect { it.within.findAll { block -> block =~ /^(stage|node|lock)/ } } == [
            ['stage Build', 'node build'],
            ['lock protostar-api', 'node deploy', 'stage Config sync'],
            ['lock protostar-api', 'node deploy', 'stage Plan'],
            ['lock protostar-api', 'node deploy', 'stage Deploy'],
            ['lock protostar-api', 'node deploy', 'stage Verify'],
        ]
        assert helper.saved > 20
    }

}
