package org.protostar

/** What a step was asked to do: argument, else the environment's variable, else the default of steps.json. */
class Settings implements Serializable {

    private static final long serialVersionUID = 1L

    final Map<String, Object> values

    private Settings(Map<String, Object> values) {
        this.values = values
    }

    /** For a step within this one: what it takes of these, and more. */
    Map<String, Object> forStep(Object script, String step, Map more) {
        return Arguments.of(table(script), step, values) + more
    }

    /** Ends the build, before anything is begun, when an argument is unknown, missing or of another type. */
    static Settings of(Object script, String step, Map arguments) {
        String table = table(script)
        String problem = Arguments.problem(table, step, arguments)
        if (problem) {
            script.error(problem)
        }
        return new Settings(Arguments.values(table, step, arguments, script.env))
    }

    private static String table(Object script) {
        return script.libraryResource(resource: 'org/protostar/steps.json', encoding: 'UTF-8')
    }

}
