#!/usr/bin/env python3
"""manual.test.py: the manual pages and the documents say what `widenet help` says."""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get('WIDENET_BUILD', ROOT / 'build'))
PROGRAM = BUILD / 'widenet'
number = failed = 0


def ok(what, faults):
    global number, failed
    number += 1
    failed += bool(faults)
    print(f'{"not ok" if faults else "ok"} {number} - {what}')
    for fault in faults:
        print(f'# {fault}')


def ask(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True)


commands = {}
for line in ask('help').stdout.splitlines():
    match = re.match(r'  ([a-z]+) +(\S.*)$', line)
    if match and match.group(1) != 'widenet':
        commands[match.group(1)] = ask('help', match.group(1)).stdout
parts = {p.stem for p in (ROOT / 'docs/man').glob('*.mdoc')} - {'widenet', 'widenet.ini'}
ok('every command has a hand-written part', [f'write docs/man/{name}.mdoc' for name in sorted(commands.keys() - parts)])
ok('every part describes a command', [f'remove docs/man/{name}.mdoc' for name in sorted(parts - commands.keys())])

faults = []
for page in sorted((BUILD / 'docs/man').glob('*.[15]')):
    done = subprocess.run(['groff', '-Kutf8', '-mandoc', '-Tutf8', '-ww', '-z', page], capture_output=True, text=True)
    faults += [f'{page.name}: {line}' for line in done.stderr.splitlines()]
ok('pages are laid out without a warning', faults)

faults = []
for name, text in commands.items():
    page = BUILD / f'docs/man/widenet-{name}.1'
    if page.exists():
        plain = page.read_text().replace('\\-', '-')
        faults += [f'{page.name} lacks {option}' for option in sorted(set(re.findall(r'--[a-z][a-z-]+', text)))
                   if option not in plain]
ok('every option of a command is in its page', faults)


# Documents show commands as they are typed: in indented blocks and in `…`.
faults = []
internal = {match.group(1) for path in (ROOT / 'src/cli').glob('cmd_*.c') for text in [path.read_text()]
            for match in re.finditer(r'= \{\s*\.name = "(\w+)"[^}]*\.internal = true', text)}
common = {'--data', '--config', '--help', '--version'}
documents = [*ROOT.glob('*.md'), *(ROOT / 'docs').glob('*.md'), *(ROOT / 'docs/man').glob('*.mdoc'), *(ROOT / 'src').glob('*/README.md')]
for path in documents:
    for line_number, line in enumerate(path.read_text().splitlines(), 1):
        typed = re.findall(r'`(?:build/)?(widenet [^`]+)`', line)
        indented = re.match(r'\s*(?:\S+ )?(?:build/)?(widenet [a-z].*)$', line)
        if indented and (line.startswith('    ') or path.suffix == '.mdoc' and not line.startswith('.')):
            typed.append(indented.group(1))
        for text in typed:
            words = re.split(r'\s{2,}|\s', re.split(r'\s{3,}', text)[0])
            where = f'{path.relative_to(ROOT)}:{line_number}'
            name = words[1] if len(words) > 1 else ''
            if name in commands:
                options = {match.group(0) for word in words[2:] if (match := re.match('--[a-z][a-z-]*', word))}
                faults += [f'{where}: widenet {name} has no option {option}' for option in sorted(options - common)
                           if option not in commands[name]]
            elif re.fullmatch('[a-z]+', name) and name not in internal:
                faults.append(f'{where}: there is no command {name}')
ok('commands in the documents exist, with their options', faults)

faults = []
for path in documents:
    if path.suffix == '.md':
        for link in re.findall(r'\]\(([^)#:\s]+)\)', path.read_text()):
            if not (path.parent / link).exists():
                faults.append(f'{path.relative_to(ROOT)}: a link to {link}, which is not there')
ok('links between documents lead somewhere', faults)
print(f'1..{number}')
sys.exit(1 if failed else 0)
