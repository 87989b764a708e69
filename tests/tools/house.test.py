#!/usr/bin/env python3
"""house.test.py: the checks that the project makes of itself, one test for each tool."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = os.environ.get('WIDENET_BUILD', str(ROOT / 'build'))
# Columns: what must hold; the command that says so by its exit status, and why not on its output.
CHECKS = [
    ('rooms keep to the block in their README.md', ['tools/check-rooms', BUILD]),
    ('MAP has one true line for each file', ['tools/gen-map', '--check']),
    ('every message has its translations', ['tools/gen-locale', '--check', '.']),
    ('docs/ROUTES.md lists the routes', ['tools/gen-routes', '--check']),
]

failed = 0
for number, (what, command) in enumerate(CHECKS, 1):
    done = subprocess.run([str(ROOT / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        skipped = next((line for line in done.stdout.splitlines() if 'skipped' in line), None)
        print(f'ok {number} - {what}' + (f' # SKIP {skipped}' if skipped else ''))
        continue
    failed += 1
    print(f'not ok {number} - {what}')
    for line in (done.stdout + done.stderr).splitlines():
        print('# ' + line)
print(f'1..{len(CHECKS)}')
sys.exit(1 if failed else 0)
