#!/bin/sh
# Makes internal/pdf/fontdata/NotoSerifSC-Regular.ttf again. See README.md.
set -eu

package=@expo-google-fonts/noto-serif-sc@0.4.3
file=package/400Regular/NotoSerifSC_400Regular.ttf
fonttools=fonttools==4.68.0

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../internal/pdf/fontdata/NotoSerifSC-Regular.ttf}
case $out in /*) ;; *) out=$PWD/$out ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm pack --silent "$package" >/dev/null
tar -xzf ./*.tgz "$file"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "$fonttools"

venv/bin/pyftsubset "$file" --unicodes='*' --no-hinting --layout-features='' \
  --drop-tables+=GSUB,GPOS,GDEF,BASE,vhea,vmtx,STAT,gasp,prep \
  --name-IDs='*' --notdef-outline --no-recalc-timestamp --output-file=font.ttf

mv font.ttf "$out"
sha256sum "$out"
