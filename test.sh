#!/usr/bin/env bash
# Runs every test. On Debian it first installs what the tests need; --quick needs nothing but Go.
#   ./test.sh           everything: lint, race, tests against real tools and servers, the demonstration, a short bench
#   ./test.sh --quick   unit tests on the embedded default, under three minutes
set -euo pipefail
cd "$(dirname "$0")"
export GOFLAGS="${GOFLAGS:--buildvcs=false}"
started=$SECONDS
step() { printf '\n== %s  (%ds)\n' "$*" "$((SECONDS - started))"; }

case "${1:-}" in
--quick)
  step "unit tests"
  go test -short -timeout 170s ./...
  exit 0
  ;;
"") ;;
*) echo "usage: ./test.sh [--quick]" >&2; exit 3 ;;
esac

step "tools"
packages=(poppler-utils qpdf mupdf-tools python3-venv zbar-tools openssl libxml2-utils unzip chromium fonts-noto-cjk postgresql softhsm2 gcc libc6-dev
  default-jre-headless ecj libpdfbox2-java libbcpkix-java)
missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if ((${#missing[@]})); then
  sudo=; [[ $(id -u) -eq 0 ]] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
lint_version=v2.15.0
lint=$(go env GOPATH)/bin/golangci-lint
if ! "$lint" version 2>/dev/null | grep -qF "${lint_version#v}"; then
  go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$lint_version"
fi
pyhanko=(pyhanko==0.38.0 pyhanko-cli==0.6.0 pyhanko-certvalidator==0.33.0 asn1crypto==1.5.1)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/yinzheng/pyhanko-0.38.0
if ! "$venv/bin/python" -c 'import pyhanko.sign.validation' 2>/dev/null; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "${pyhanko[@]}"
fi
export YINZHENG_PYHANKO=$venv/bin/python # tests that need it fail without it

step "format, vet, lint"
unformatted=$(gofmt -l $(git ls-files '*.go'))
[[ -z $unformatted ]] || { echo "gofmt: $unformatted" >&2; exit 1; }
CGO_ENABLED=0 go build ./...
go vet -tags tools ./...
"$lint" run

step "tests, with real tools and servers"
go test -tags tools -timeout 15m ./...

step "race detector"
go test -race -short -timeout 15m ./licences/... ./internal/ledger/... ./internal/store/... ./internal/httpapi/... ./internal/web/... ./verify/completion/... ./sealing ./sealing/desk \
  ./ca ./ca/operate ./ca/revocation/... ./ca/tsa ./internal/keys/remote ./internal/foureyes ./internal/chain ./internal/clock
go test -race -short -timeout 15m -skip 'Judgement|Report|ConfiguredSeal|EveryProfile|WrongSealing|ChineseKeyword|WhatIsMade' ./internal/house # compiling PDFium takes half a minute here
go test -race -run 'Contract|WhileKeysSign' ./internal/keys # key derivation takes ten times as long here

step "bench, quick"
go run ./cmd/yzbench --quick

step "done"
