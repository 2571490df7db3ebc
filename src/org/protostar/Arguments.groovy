package org.protostar

import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonSlurperClassic

/** A step's arguments beside the table steps.json. Runs no step. */
class Arguments implements Serializable {

    private static final long serialVersionUID = 1L

    /** All that is wrong at once, in the three lines of every error; null: nothing is. */
    @NonCPS
    static String problem(String json, String step, Map arguments) {
        Map table = parsed(json)
        List<String> known = names(table, step)
        List<String> problems = missing(table, step, arguments)
        arguments.each { name, value ->
            problems << (name in known ? wrong(name, table.arguments[name], value) : unknown(name, known))
        }
        problems = problems.findAll()
        return problems ? told(step, problems, table.steps[step].example) : null
    }

    /** What counts. A null argument is one that was not given. */
    @NonCPS
    static Map<String, Object> values(String json, String step, Map arguments, Object env) {
        Map table = parsed(json)
        return names(table, step).collectEntries { name ->
            Map about = table.arguments[name]
            String set = about.environment ? env[about.environment] : null
            [(name): value(about, arguments[name], set)]
        }
    }

    /** Of these, what another step takes: a step within a step. */
    @NonCPS
    static Map<String, Object> of(String json, String step, Map values) {
        return values.subMap(names(parsed(json), step).intersect(values.keySet()))
    }

    @NonCPS
    static Map parsed(String json) {
        return new JsonSlurperClassic().parseText(json)
    }

    @NonCPS
    private static List<String> names(Map table, String step) {
        return table.steps[step].requires + table.steps[step].takes + table.everywhere
    }

    @NonCPS
    private static List<String> missing(Map table, String step, Map arguments) {
        return table.steps[step].requires.findAll { !arguments[it] }.collect { "${it} is missing" as String }
    }

    @NonCPS
    private static String unknown(Object name, List<String> known) {
        String nearest = Nearest.to(name as String, known)
        return "there is no ${name}" + (nearest ? ": is ${nearest} meant?" : ", only ${known.sort().join(', ')}")
    }

    @NonCPS
    private static String wrong(Object name, Map about, Object value) {
        Map types = [String: CharSequence, boolean: Boolean, int: Integer, List: List, Map: Map]
        if (value != null && !types[about.type].isInstance(value)) {
            return "${name} is of type ${about.type}, not ${value.class.simpleName}"
        }
        boolean other = value && about.choices && !((value as String) in about.choices)
        return other ? "${name} is one of ${about.choices.join(', ')}, not ${value}" : null
    }

    @NonCPS
    private static Object value(Map about, Object argument, String set) {
        if (argument != null) {
            return argument instanceof CharSequence ? argument as String : argument
        }
        if (set) {
            return about.type == 'int' ? set as int : set
        }
        return about.default
    }

    @NonCPS
    private static String told(String step, List<String> problems, String example) {
        return "${step}: ${problems.join('; ')}\nState: nothing was changed\nTry: ${example}"
    }

}
