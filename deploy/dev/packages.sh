# SPDX-License-Identifier: Apache-2.0
# Debian 12 packages that building, testing and ./dev up need; installed once, never upgraded behind anyone's back.

packages=(
  libboost1.81-dev libboost-url1.81-dev libssl-dev libpq-dev rapidjson-dev libfmt-dev catch2 libyaml-cpp-dev libical-dev
  libicu-dev libcli11-dev prometheus-cpp-dev libsystemd-dev zlib1g-dev pkg-config cmake ninja-build ccache mold clang-19 libclang-rt-19-dev clang-format-19
  clang-tidy-19 postgresql-15 postgresql-client-15 pgbouncer prometheus systemd dpkg-dev adduser faketime chromium nodejs npm
  python3 python3-psycopg2 python3-icalendar python3-yaml python3-jsonschema curl jq openssl ca-certificates)

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  local missing=() name
  for name in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' && continue
    # Another way to have it (an upstream nodejs brings npm) is as good.
    case $name in
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  # A server package would start a cluster of its own at installation; ours is private.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-upgrade "${missing[@]}" >"$state/apt.log" 2>&1 ||
    { tail -20 "$state/apt.log" >&2; die "the packages could not be installed"; }
}

sources() { git ls-files -- '*.cpp' '*.hpp'; }
