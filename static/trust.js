// trust.js: the finer slider beside the three words, and lists that only the reader's own key can seal or open (NIP-44
// through the browser's extension). The pages do without it, but for such a key.
'use strict';
(() => {
  for (const label of document.querySelectorAll('.fine')) {
    const fine = label.querySelector('input');
    const words = [...label.closest('fieldset').querySelectorAll('[data-hundredths]')];
    label.hidden = false;
    fine.disabled = false;
    fine.name = ''; // counts only when it was moved
    fine.addEventListener('input', () => {
      fine.name = 'fine';
      for (const word of words) word.checked = word.dataset.hundredths === fine.value;
    });
    for (const word of words) word.addEventListener('change', () => {
      fine.name = '';
      fine.value = word.dataset.hundredths;
    });
  }

  const form = document.querySelector('[data-nip44]');
  if (!form) return;
  const problem = document.getElementById('own-key-problem');
  const say = (which) => {
    const p = problem.querySelector('p');
    p.textContent = p.dataset[which];
    problem.hidden = false;
    problem.focus();
  };
  const extension = async () => {
    for (let i = 0; i < 20 && !window.nostr; i++) await new Promise((done) => setTimeout(done, 100));
    return window.nostr;
  };
  form.addEventListener('submit', async (event) => {
    if (form.elements.texts.value) return;
    event.preventDefault();
    const nostr = await extension();
    if (!nostr?.nip44) return say('none');
    try {
      const texts = [];
      for (const text of JSON.parse(form.dataset.texts)) texts.push(await nostr.nip44[form.dataset.nip44](form.dataset.key, text));
      form.elements.texts.value = JSON.stringify(texts);
    } catch {
      return say('refused');
    }
    form.submit();
  });
})();
