"""Judges PDF files with pyHanko: ask_pyhanko.py ROOT.der FILE... writes one line for each file, "valid" or why not.

Every signature must be valid and trusted under the root at the time of the example world, every document timestamp too, and
what came after each must be acceptable.
"""

import logging
import sys
from datetime import datetime, timezone

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

NOW = datetime(2026, 3, 2, 2, tzinfo=timezone.utc)


def judge(root, path):
    with open(path, "rb") as stream:
        reader = PdfFileReader(stream, strict=True)
        signatures = reader.embedded_signatures
        if not signatures:
            return "no signature"
        for s in signatures:
            context = ValidationContext(trust_roots=[root], allow_fetching=False, revocation_mode="soft-fail", moment=NOW)
            if s.sig_object_type == "/DocTimeStamp":
                status = validate_pdf_timestamp(s, context)
                good = status.intact and status.valid and status.trusted
            else:
                status = validate_pdf_signature(s, context)
                good = status.bottom_line
            if not good:
                return f"{s.field_name}: {status.summary()}"
    return "valid"


def main():
    logging.disable(logging.CRITICAL)
    with open(sys.argv[1], "rb") as f:
        root = x509.Certificate.load(f.read())
    for path in sys.argv[2:]:
        try:
            answer = judge(root, path)
        except Exception as e:  # whatever it is, it is no "valid"
            answer = f"{type(e).__name__}: {e}".replace("\n", " ")
        print(answer)


main()
