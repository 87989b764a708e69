#!/usr/bin/env python3
"""arm64.test.py: a build for arm64 shows, under qemu, the same as this one, to the last byte (tools/test-arm64)."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# The libraries for arm64 are fetched by tools/test-arm64 alone (the stage arm64 of .ci/run): a test fetches nothing.
done = subprocess.run([ROOT / 'tools/test-arm64', '--no-fetch', os.environ.get('WIDENET_BUILD', 'build')])
sys.exit(done.returncode)
