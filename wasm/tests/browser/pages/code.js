// Shows `code#state`, as some servers do on a page of theirs.
const answer = new URLSearchParams(location.search);
document.querySelector('output').textContent = `${answer.get('code')}#${answer.get('state')}`;
