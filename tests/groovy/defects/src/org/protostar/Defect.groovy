package org.protostar

import com.cloudbees.groovy.cps.NonCPS

class Defect {

    private final Object script

    Defect(Object script) {
        this.script = script
    }

    @NonCPS
    void callsAStep() {
        script.sh(script: 'true')
    }

    void loopsWithAClosure() {
        [2, 1].sort { one, other -> one <=> other }
    }

    void remembersWhatCannotBeSaved() {
        java.util.regex.Matcher found = java.util.regex.Pattern.compile('a').matcher('api')
        script.echo(message: found)
    }

    String interpolates() {
        return "${-> 'a closure'}"
    }

    InputStream handsOnAStream(InputStream given) {
        return given
    }

    boolean equals(Object other) {
        return true
    }

}
