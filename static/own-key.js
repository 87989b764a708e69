// own-key.js: people who hold their own key (NIP-07): signing in, and signing what they publish. The key never
// leaves the extension; this page only passes records to it and sends back what it signed.
'use strict';
(() => {
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
  const sign = async (form, records, key) => {
    const nostr = await extension();
    if (!nostr) return say('none');
    try {
      const own = await nostr.getPublicKey();
      if (key && own !== key) return say('other');
      const lines = [];
      for (const record of records) {
        const { id, pubkey, created_at, kind, tags, content, sig } = await nostr.signEvent({ ...record, pubkey: own });
        lines.push(JSON.stringify({ id, pubkey, created_at, kind, tags, content, sig }));
      }
      form.elements.signed.value = lines.join('\n');
    } catch {
      return say('refused');
    }
    form.submit();
  };
  const publish = document.getElementById('own-key-sign');
  if (publish) {
    const go = () => sign(publish, JSON.parse(publish.dataset.record), publish.dataset.key);
    publish.addEventListener('submit', (event) => { event.preventDefault(); go(); });
    go();
  }
  const enter = document.getElementById('own-key-enter');
  if (enter) {
    enter.addEventListener('submit', (event) => {
      event.preventDefault();
      const tags = [['u', enter.dataset.address], ['method', 'POST'], ['challenge', enter.dataset.challenge]];
      sign(enter, [{ kind: 27235, created_at: Math.floor(Date.now() / 1000), tags, content: '' }], '');
    });
  }
})();
