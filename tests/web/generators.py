#!/usr/bin/env python3
"""generators.py: tests tools/gen-templates and tools/gen-locale: what they refuse, and what they find missing. Prints TAP.

Usage: generators.py ROOT
"""
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(sys.argv[1])
TEMPLATES, LOCALE = ROOT / 'tools/gen-templates', ROOT / 'tools/gen-locale'

# what stands in the template, a piece of the reason
REFUSED = [
    ('<script>{{v}}</script>', 'script without src'),
    ('<script src="/x.js">alert(1)</script>', 'text of its own'),
    ('<script src="/x.js">{{v}}</script>', 'inside a script'),
    ('<style>p{}</style>', 'style element'),
    ('<p style="color:red">', 'attribute style'),
    ('<p style="{{v}}">', 'attribute style'),
    ('<p onclick="{{v}}">', 'attribute onclick'),
    ('<p onclick="x()">', 'attribute onclick'),
    ('<iframe srcdoc="{{v}}">', 'attribute srcdoc'),
    ('<img srcset="{{v}} 2x">', 'attribute srcset'),
    ('<meta http-equiv="refresh">', 'attribute http-equiv'),
    ('<p title={{v}}>', 'unsafe place'),
    ('<p {{v}}="x">', 'unsafe place'),
    ('<p {{v}}>', 'unsafe place'),
    ('<{{v}}>', 'begins no tag'),
    ('<p da{{v}}ta="x">', 'unsafe place'),
    ('<!-- {{v}} -->', 'inside a comment'),
    ('<a href="{{_ Home}}">', 'message in an address'),
    ('<p title="{{!raw v}}">', 'raw'),
    ('<title>{{!raw v}}</title>', 'raw'),
    ('<title>{{>other}}</title>', 'included'),
    ('<p title="{{>other}}">', 'included'),
    ('{{#a}}x', 'not closed'),
    ('{{#a}}x{{/b}}', 'closes'),
    ('{{/a}}', 'closes nothing'),
    ('{{#a}}<p title="{{/a}}">', 'ends elsewhere'),
    ('<p title="x{{#a}}"{{/a}}>', 'ends elsewhere'),
    ('<p {{#a}}hid{{/a}}den>', 'needs a space'),
    ('<p id="a" id="b">', 'twice'),
    ('<p title="x', 'ends inside'),
    ('<textarea>x', 'ends inside'),
    ('{{v', 'without its }}'),
    ('{{}}', 'no name'),
    ('{{V}}', 'not understood'),
    ('{{a.b.c.d.e}}', 'not understood'),
    ('{{>nowhere}}', 'no template nowhere'),
    ('{{>page}}', 'includes itself'),
    ('{{_ One|%{n} many|m=x}}', 'used nowhere'),
    ('{{_ %{n|n=x}}', 'without its }'),
    ('{{_ text|n=x}}', 'used nowhere'),
    ('{{_}}', 'a message is'),
    ('<form method="post"><button>x</button></form>', 'no {{>csrf}}'),
    ('<form method="POST">', 'not closed'),
    ('<img src="{{static nothing.svg}}">', 'no static/nothing.svg'),
    ('a < b', 'begins no tag'),
]
ACCEPTED = [
    '<p title="{{v}}" {{#a}}hidden{{/a}}{{^a}} class="x"{{/a}}>{{v}}</p>',
    '<form method="post">{{>csrf}}</form><form method="get"></form>',
    '<a href="{{#a}}/a{{/a}}{{^a}}/b/{{v}}{{/a}}">{{_ One|%{n} many|n=x}}</a>',
    '<script src="/x.js" defer></script><pre>\n  {{v}}</pre>',
]

number = failed = 0


def ok(condition, what):
    global number, failed
    number += 1
    failed += not condition
    print(f'{"ok" if condition else "not ok"} {number} - {what}', flush=True)


def compiles(directory, text):
    (directory / 'page.html').write_text(text)
    (directory / 'csrf.html').write_text('<input type="hidden" name="csrf" value="{{csrf}}">')
    return subprocess.run([TEMPLATES, directory / 'out.h', directory / 'out.c', ROOT / 'static', directory / 'page.html',
                           directory / 'csrf.html'], capture_output=True, text=True)


def catalogue(path, forms, entries):
    path.write_text(f'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals={forms}; plural=0;\\n"\n\n' + entries)


def check_locale(directory):
    (directory / 'src').mkdir()
    (directory / 'templates').mkdir()
    (directory / 'locale').mkdir()
    (directory / 'templates/t.html').write_text('<p>{{_ Hello %{name}}}</p>')
    (directory / 'src/a.c').write_text(
        '/* M("not this") */\nf(M("From " "C"));\nlocale_plural(l, MP("one day", "%{n} days"), n);\n'
        'answer_notice(r, "Done.");\nanswer_publish(r, &d, to(r, "/x"), "Out.");\n')
    whole = ('msgid "Hello %{name}"\nmsgstr "Salut %{name}"\n\nmsgid "From C"\nmsgstr "De C"\n\nmsgid "Done."\nmsgstr "Fait."\n\n'
             'msgid "Out."\nmsgstr "Dehors."\n\nmsgid "one day"\nmsgid_plural "%{n} days"\n')
    for lang, forms in (('fr', 2), ('es', 2), ('ar', 6)):
        catalogue(directory / f'locale/{lang}.po', forms, whole + ''.join(f'msgstr[{i}] "{i}"\n' for i in range(forms)))

    def check():
        return subprocess.run([LOCALE, '--check', directory], capture_output=True, text=True)
    result = check()
    ok(result.returncode == 0, f'a whole catalogue passes: {result.stdout.strip()}')
    faults = [
        (whole.replace('msgstr "De C"', 'msgstr ""'), 'no translation of "From C"'),
        (whole.replace('Salut %{name}', 'Salut'), 'leaves out a value'),
        (whole.replace('Salut %{name}', 'Salut %{nom}'), 'has a value that'),
        (whole.replace('msgid "Done."\n', '#, fuzzy\nmsgid "Done."\n'), 'no translation of "Done."'),
        ('msgid "Old"\nmsgstr "Vieux"\n\n' + whole, 'is used nowhere'),
        ('msgid "Done."\nmsgstr "Fini."\n\n' + whole, 'stands twice'),
    ]
    for entries, reason in faults:
        catalogue(directory / 'locale/fr.po', 2, entries + 'msgstr[0] "a"\nmsgstr[1] "b"\n')
        result = check()
        ok(result.returncode == 1 and reason in result.stdout, f'a fault is named: {reason}')
    catalogue(directory / 'locale/fr.po', 2, whole + 'msgstr[0] "a"\n')
    ok('needs 2 forms' in check().stdout, 'a plural with too few forms is named')
    catalogue(directory / 'locale/fr.po', 3, whole + 'msgstr[0] "a"\nmsgstr[1] "b"\n')
    ok('nplurals=2' in check().stdout, 'a wrong number of plural forms is named')
    catalogue(directory / 'locale/fr.po', 2, '')
    listed = subprocess.run([LOCALE, '--extract', directory, 'fr'], capture_output=True, text=True).stdout
    ok(listed.startswith('# fr: 5 missing') and 'msgstr[1] ""' in listed and 'not this' not in listed, 'what is missing is listed')
    (directory / 'locale/fr.po').write_text('msgid "x" rubbish\n')
    ok(check().returncode == 1, 'what is no catalogue is refused')


with tempfile.TemporaryDirectory() as name:
    directory = Path(name)
    for text, reason in REFUSED:
        result = compiles(directory, text)
        ok(result.returncode != 0 and reason in result.stderr, f'{text!r} is refused: {result.stderr.strip()}')
    for text in ACCEPTED:
        result = compiles(directory, text)
        ok(result.returncode == 0, f'{text!r} is taken {result.stderr.strip()}')
    check_locale(directory)
print(f'1..{number}')
sys.exit(1 if failed else 0)
