// The token of whoever uses the page: out of the address, kept where the user said, or none, where a
// cookie of /bot/api/auth says who it is.

const NAME = "parley.token";

export function takeFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    keep(token, localStorage.getItem(NAME) !== null);
  }
}

export function kept() {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
}

export function keep(token, forLong) {
  forget();
  (forLong ? localStorage : sessionStorage).setItem(NAME, token);
}

export function forget() {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
}
