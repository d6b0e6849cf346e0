# Packages of another suite than this machine's, from the Debian mirror that its own apt uses, and verified as apt verifies. The system is
# not touched: apt works on a state folder of its own, packages are unpacked, never installed. POSIX sh; set $work to the folder first.
# shellcheck shell=sh

# The address of the mirror that serves this machine's own suite, as apt itself understands its configuration.
mirror() {
  codename=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
  apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk -v suite="$codename" '$1 == "Packages" && $2 == suite && $3 == "main" { print $4; exit }'
}

# confine MIRROR SUITE: apt, confined to $work: own source, own lists, own archive folder, an empty list of installed packages, and no
# pins: the newer suite is never seen by the system's own apt, so nothing of it can be chosen there.
confine() {
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/preferences.d" "$work/sources.d"
  : >"$work/status"
  printf 'deb [signed-by=%s check-valid-until=no] %s %s main\n' \
    /usr/share/keyrings/debian-archive-keyring.gpg "$1" "$2" >"$work/sources.list"
  : >"$work/preferences"
  cat >"$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "$work/sources.d";
Dir::Etc::preferences "$work/preferences";
Dir::Etc::preferencesparts "$work/preferences.d";
Dir::State "$work";
Dir::State::status "$work/status";
Dir::State::lists "$work/lists";
Dir::Cache "$work";
Dir::Cache::archives "$work/archives";
APT::Sandbox::User "root";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke-Success;
CONF
}
apt() { command=$1; shift; "$command" -qq -c "$work/apt.conf" "$@"; }
