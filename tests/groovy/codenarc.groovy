// What CodeNarc looks for in vars/ and src/: what Jenkins's continuation passing cannot do, and what
// is wrong in any Groovy. The test holds it to the defects that stand in defects/.
ruleset {
    // Everything in vars/ and src/ is transformed, however its file is named.
    ruleset('rulesets/jenkins.xml') {
        'CpsCallFromNonCpsMethod' {
            applyToFileNames = '*.groovy'
            cpsScriptVariableName = 'script'
            cpsPackages = ['org.protostar']
        }
        'ClassNotSerializable' { applyToFileNames = '*.groovy' }
        'ClosureInGString' { applyToFileNames = '*.groovy' }
        'ExpressionInCpsMethodNotSerializable' { applyToFileNames = '*.groovy' }
        'ForbiddenCallInCpsMethod' { applyToFileNames = '*.groovy' }
        'ObjectOverrideOnlyNonCpsMethods' { applyToFileNames = '*.groovy' }
        'ParameterOrReturnTypeNotSerializable' { applyToFileNames = '*.groovy' }
    }
    ruleset('rulesets/basic.xml')
    ruleset('rulesets/exceptions.xml')
    ruleset('rulesets/imports.xml') {
        // java.util before com: as the rest of the code is sorted, by name alone.
        exclude 'MisorderedStaticImports'
    }
    ruleset('rulesets/unused.xml')
    ruleset('rulesets/groovyism.xml')
}
