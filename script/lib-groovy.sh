# shellcheck shell=bash
# The Jenkins library's tests. Sourced after lib.sh, lib-apt.sh and lib-venv.sh.

GROOVY=$ROOT/tests/groovy

# groovy_setup: a JDK and Maven, of the distribution where they are missing. Maven brings the rest by
# itself, in the versions that pom.xml names, and asks for none that it has.
groovy_setup() {
  local missing=()
  java_is_enough || missing+=(default-jdk-headless)
  has mvn || missing+=(maven)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  can_apt || die "no JDK 17 with Maven" "nothing was installed" "install a JDK and Maven"
  say "Setting up what tests the Jenkins library"
  apt_install "${missing[@]}"
}

java_is_enough() { has javac && [[ $(java_version) -ge 17 ]]; }

java_version() { javac -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/'; }

# The venv comes first in PATH: a test has a step's script run with the python3 that it finds there.
groovy_tests() {
  rm -rf "$GROOVY/target/surefire-reports"
  say "== groovy: CodeNarc, JenkinsPipelineUnit with CPS"
  PATH=$VENV/bin:$PATH attend mvn --batch-mode --quiet --file "$GROOVY/pom.xml" test || {
    groovy_failures >&2
    die "the tests of the Jenkins library failed" "reports: tests/groovy/target/surefire-reports" \
      "script/test groovy"
  }
  groovy_summary
}

groovy_failures() { cat "$GROOVY"/target/codenarc.txt 2>/dev/null || true; }

groovy_summary() {
  awk -F '[:,]' '/^Tests run:/ { run += $2; bad += $4 + $6 }
    END { printf "groovy: %d passed, %d failed\n", run - bad, bad }' \
    "$GROOVY"/target/surefire-reports/*Test.txt
}
