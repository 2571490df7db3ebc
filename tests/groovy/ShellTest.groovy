import groovy.json.JsonSlurperClassic
import org.junit.Test

/** The script as Jenkins runs it, in a real shell, with the real package behind it. */
class ShellTest extends LibraryTest {

    static final List<String> VALUES = [
        'a b', 'it\'s "quoted"', '$HOME `id` $(id) ${x}', 'back\\slash', 'two\nlines', '한국어', '*; rm -rf x', "tab\there",
    ]
    String printed

    int shell(Map request) {
        List<String> argv = ['/bin/sh', '-xe', '-c', asked('sh').last().with.script]
        Process process = new ProcessBuilder(argv).directory(here).redirectErrorStream(true).start()
        printed = process.inputStream.getText('UTF-8')
        return process.waitFor()
    }

    /** What stands after the prompt, as a shell takes it apart. */
    List<String> words() {
        String typed = printed.substring(printed.indexOf('\n$ ') + 3)
        Process process = ['python3', '-c', 'import json, shlex, sys; print(json.dumps(shlex.split(sys.stdin.read())))'].execute()
        process.outputStream.withWriter('UTF-8') { it << typed }
        return new JsonSlurperClassic().parse(new InputStreamReader(process.inputStream, 'UTF-8'))
    }

    @Test
    void 'arguments arrive as they were written'() {
        helperDoes = { shell(it) }
        for (value in VALUES) {
            binding.setVariable('value', value)
            jenkinsfile("protostarRollback service: value, to: value, hosts: [value], dryRun: true")
            assert words() == ['protostar', 'deploy', 'rollback', value, '--to', value, '--host', value,
                '--detach', '--json', '--steps']
        }
    }

    @Test
    void 'where no package has the digest of the library nothing is run'() {
        helperDoes = { request ->
            File file = new File(here, 'request.json')
            file.text = file.text.replaceFirst('"pyhelpers": "[0-9a-f]+"', '"pyhelpers": "0000000000000000"')
            return shell(request)
        }
        String told = endsWith("protostarStatus(dryRun: true)")
        String version = new JsonSlurperClassic().parse(new File(CHECKOUT, 'resources/org/protostar/library.json')).version
        assert told.startsWith("no pyhelpers of the library's ${version} here")
        assert told.readLines()*.takeWhile { it != ' ' }.tail() == ['State:', 'Try:']
    }

}
