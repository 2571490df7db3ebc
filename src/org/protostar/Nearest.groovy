package org.protostar

import com.cloudbees.groovy.cps.NonCPS

/** The name that was probably meant. */
class Nearest implements Serializable {

    private static final long serialVersionUID = 1L

    /** Of names that differ from word by a third of its letters or less, the one closest to it; else null. */
    @NonCPS
    static String to(String word, List<String> names) {
        String nearest = names.min { name -> distance(word, name) }
        return nearest && distance(word, nearest) <= Math.max(2, word.length().intdiv(3)) ? nearest : null
    }

    /** Letters to add, drop or replace. */
    @NonCPS
    static int distance(String one, String other) {
        List<Integer> row = (0..other.length()).toList()
        for (int i = 0; i < one.length(); i++) {
            List<Integer> next = [i + 1]
            for (int j = 0; j < other.length(); j++) {
                int replaced = row[j] + (one[i].equalsIgnoreCase(other[j]) ? 0 : 1)
                next << [row[j + 1] + 1, next[j] + 1, replaced].min()
            }
            row = next
        }
        return row.last()
    }

}
