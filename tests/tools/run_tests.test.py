#!/usr/bin/env python3
"""run_tests.test.py: a test run that is killed leaves nothing behind that its programs started, nor files."""
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ.get('WIDENET_ROOT', Path(__file__).resolve().parent.parent.parent))

# What a test program of the worst manners does: a process in a session of its own whose parent has ended.
PROGRAM = '''#!/bin/sh
echo "$PPID $TMPDIR" > "$DIRECTORY/worker"
(setsid sh -c 'echo $$ > "$DIRECTORY/started"; exec sleep 1000' &)
sleep 1000
'''
MESON = '#!/bin/sh\ncat "$DIRECTORY/tests.json"\n'


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)


def ends(pid):
    """Whether it has ended within a minute."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([handle], [], [], 60)
    os.close(handle)
    return bool(ready)


def killed(whom, number):
    with tempfile.TemporaryDirectory(prefix='wn-kill-') as place:
        directory = Path(place)
        script(directory / 'program', PROGRAM)
        script(directory / 'meson', MESON)
        row = {'name': 'test_fake_program', 'cmd': [str(directory / 'program')], 'protocol': 'tap'}
        (directory / 'tests.json').write_text(json.dumps([row]))
        os.mkfifo(directory / 'started')
        env = {**os.environ, 'DIRECTORY': place, 'PATH': f'{place}:{os.environ["PATH"]}'}
        run = subprocess.Popen([sys.executable, str(ROOT / 'tools/run-tests'), '--build', place, 'fake/program'], env=env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started = int((directory / 'started').read_text())      # waits until somebody writes
        worker, temporary = (directory / 'worker').read_text().split()
        worker = int(worker)
        os.kill(run.pid if whom == 'whoever waits' else worker, number)
        gone = ends(started) and ends(worker)
        status = run.wait()
        left = Path(temporary).parent.exists()
        if not gone:
            os.kill(started, signal.SIGKILL)
        return gone and status != 0 and not left, f'ended: {gone}, status {status}, left {left}'


CASES = [('whoever waits', signal.SIGKILL), ('whoever waits', signal.SIGTERM), ('the worker', signal.SIGKILL),
         ('the worker', signal.SIGINT)]

print(f'1..{len(CASES)}')
for number, (whom, sent) in enumerate(CASES, 1):
    good, story = killed(whom, sent)
    print(f'{"ok" if good else "not ok"} {number} - {whom} gets {sent.name}: nothing is left')
    if not good:
        print(f'# {story}')
