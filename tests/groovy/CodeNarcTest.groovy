import org.junit.Test

/** CodeNarc has run before the tests, over the library and over what is wrong on purpose. */
class CodeNarcTest {

    static final List<String> JENKINS = [
        'CpsCallFromNonCpsMethod', 'ClassNotSerializable', 'ClosureInGString', 'ExpressionInCpsMethodNotSerializable',
        'ForbiddenCallInCpsMethod', 'ObjectOverrideOnlyNonCpsMethods', 'ParameterOrReturnTypeNotSerializable',
    ]
    static final File CHECKOUT = new File(System.getProperty('checkout'))

    static String report(String name) {
        return new File(CHECKOUT, "tests/groovy/target/${name}.txt").text
    }

    @Test
    void 'nothing is found in the library, and all of it was looked at'() {
        int files = 0
        ['vars', 'src'].each { folder -> new File(CHECKOUT, folder).eachFileRecurse { files += it.name.endsWith('.groovy') ? 1 : 0 } }
        assert report('codenarc').contains("Summary: TotalFiles=${files} FilesWithViolations=0 P1=0 P2=0 P3=0")
    }

    @Test
    void 'each Jenkins rule finds what breaks it'() {
        assert JENKINS.findAll { rule -> !report('defects').contains("Rule=${rule} ") } == []
    }

}
