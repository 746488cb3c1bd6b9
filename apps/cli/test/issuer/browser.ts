/** A browser that fills in the forms of the issuer: cookies, redirects, and one account. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly account: string) {}

  /**
   * Opens an address, and submits each form until there is none, as a person does.
   *
   * @param fields of a form, in addition to its hidden ones
   * @returns the text of the last page
   */
  async signIn(address: string, fields: Record<string, string> = {}): Promise<string> {
    let [url, page] = await this.follow(address);
    for (let i = 0; i < 10; i++) {
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
      if (action === undefined) return page;
      const body = new URLSearchParams({ ...hiddenIn(page), ...this.answersTo(page), ...fields });
      [url, page] = await this.follow(new URL(action, url).href, body);
    }
    throw new Error(`the issuer asked for too many forms, the last one at ${url}`);
  }

  private answersTo(page: string): Record<string, string> {
    return page.includes('name="login"') ? { login: this.account, password: 'any' } : {};
  }

  private async follow(address: string, body?: URLSearchParams): Promise<[url: string, page: string]> {
    let response = await this.send(address, body);
    let url = address;
    while (response.status >= 300 && response.status < 400) {
      url = new URL(response.headers.get('location')!, url).href;
      response = await this.send(url);
    }
    return [url, await response.text()];
  }

  private async send(address: string, body?: URLSearchParams): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const method = body === undefined ? 'GET' : 'POST';
    const response = await fetch(address, { method, body, headers: { cookie }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.cookies.set(name!, value!);
    }
    return response;
  }
}

const hiddenIn = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      value!,
    ]),
  );
