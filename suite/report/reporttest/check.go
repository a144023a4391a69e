package reporttest

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Texts are texts that a target would write to change what a reader sees.
var Texts = []string{
	"text", "", "::error::no", "\n::error title=x::no\n", "\r::set-output name=a::b", "a\x1b[2Jb",
	"\u202e\u2066gnp.exe", "\u2028\u2029\u0085", "\x00\x7f\x9b31m", "\xff\xfe",
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</details><h1>passed</h1>",
	"</script></style><b>", "<!--", "]]>", "&lt;b&gt; &#x202e;", "{{.}}", "'\"`",
	"```\n</details>\n````", "  ```\n~~~\n", "a\n\n# heading\n", "%0A::error::",
	"[a](javascript:b) ![c](d)", "| a | b |\n|--|--|", "a:b,c", "\\", "\tconfig: 1\n\t- ::x",
	"1. one\n2. two\n> quote", "``` `", "javascript:alert(1)", "data:text/html,x", "//example.test/",
	"https://example.test/?a=b", "http://[::1", "evidence/../../x", "evidence/A-01",
	"expected a\nseen b\n::c", "-----BEGIN CERTIFICATE-----", strings.Repeat("long ", 200),
	"the server never contacted the CA at acme_url ::x",
}

// Misleading returns the first character of a text that a terminal, a log or a browser
// shows as nothing, or as something else than it is, and what stands around it; "" if there
// is none. Characters that join others belong to the spelling of words and emoji.
func Misleading(text string) string {
	const nonJoiner, joiner = '\u200c', '\u200d'
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		invalid := r == utf8.RuneError && size == 1
		control := unicode.IsControl(r) && r != '\n' && r != '\t'
		hidden := unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != nonJoiner && r != joiner
		if invalid || control || hidden || r == '\ufffe' {
			return fmt.Sprintf("%q in %q", r, text[max(0, i-40):min(len(text), i+40)])
		}
	}
	return ""
}

// fence matches a line that begins or ends a block of code.
var fence = regexp.MustCompile("\\A(`{3,})[a-z]*\\n\\z")

// placeholder matches what Assay writes as code in the place of something private.
var placeholder = regexp.MustCompile("`<(?:path|dir|secret|machine)>`")

// CheckMarkdown returns an error if a document in Markdown has a block of code or an
// element that does not end, an element that Assay does not write, a character that
// misleads, or a line of text that GitHub Actions would take for a command.
func CheckMarkdown(document string) error {
	if found := Misleading(document); found != "" {
		return fmt.Errorf("found the character %s", found)
	}
	var prose strings.Builder
	open := ""
	for line := range strings.Lines(document) {
		match := fence.FindStringSubmatch(line)
		switch {
		case open != "" && match != nil && len(match[1]) >= len(open):
			if strings.TrimSpace(line) != open {
				return fmt.Errorf("a block of code that begins with %s ends with %q", open, line)
			}
			open = ""
		case open != "":
		case match != nil:
			open = match[1]
		case strings.HasPrefix(strings.TrimSpace(line), "::"):
			return fmt.Errorf("found the line %q", line)
		default:
			prose.WriteString(line)
		}
	}
	if open != "" {
		return errors.New("a block of code does not end")
	}
	return elements(placeholder.ReplaceAllString(prose.String(), ""), func(token html.Token) error {
		allowed := []string{"a", "b", "br", "code", "details", "img", "li", "p", "summary", "td", "ul"}
		if !slices.Contains(allowed, token.Data) {
			return fmt.Errorf("found the element %s", token)
		}
		return checkAttributes(token)
	})
}

// CheckPage returns an error if a page is not well-formed, has another script or style
// sheet than one of each with a policy, leads elsewhere than to the web, to the
// evidence and to places in itself, or shows a character that misleads.
func CheckPage(page string) error {
	count := map[string]int{}
	err := elements(page, func(token html.Token) error {
		count[token.Data]++
		for _, a := range token.Attr {
			if a.Key == "http-equiv" {
				count["policy"]++
			}
		}
		return checkAttributes(token)
	})
	if err == nil && (count["script"] > 1 || count["style"] != 1 || count["policy"] != 1) {
		err = fmt.Errorf("found %d scripts, %d styles and %d policies, expected one of each",
			count["script"], count["style"], count["policy"])
	}
	return err
}

// void lists the elements that have no end.
var void = []string{
	"br", "circle", "hr", "img", "input", "line", "link", "meta", "path", "rect", "use", "wbr",
}

// elements calls look for each element of a document. It returns an error if they do
// not lie in one another, or if there is something else but text.
func elements(document string, look func(html.Token) error) error {
	var stack []string
	for tokens := html.NewTokenizer(strings.NewReader(document)); ; {
		kind := tokens.Next()
		token := tokens.Token()
		switch kind {
		case html.ErrorToken:
			if len(stack) > 0 {
				return fmt.Errorf("the elements %q do not end", stack)
			}
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		case html.StartTagToken, html.SelfClosingTagToken:
			if kind == html.StartTagToken && !slices.Contains(void, token.Data) {
				stack = append(stack, token.Data)
			}
			if err := look(token); err != nil {
				return err
			}
		case html.EndTagToken:
			if slices.Contains(void, token.Data) {
				continue
			}
			if len(stack) == 0 || stack[len(stack)-1] != token.Data {
				return fmt.Errorf("found %s within %q", token, stack)
			}
			stack = stack[:len(stack)-1]
		case html.CommentToken:
			return fmt.Errorf("found the comment %s", token)
		case html.TextToken:
			if found := Misleading(token.Data); found != "" {
				return fmt.Errorf("found the character %s", found)
			}
		}
	}
}

// checkAttributes returns an error if an attribute of an element runs or loads
// something.
func checkAttributes(token html.Token) error {
	for _, a := range token.Attr {
		if strings.HasPrefix(a.Key, "on") || Misleading(a.Val) != "" {
			return fmt.Errorf("found the attribute %s=%q", a.Key, a.Val)
		}
		if slices.Contains([]string{"href", "src", "action", "xlink:href"}, a.Key) {
			if err := checkLink(token.Data, a.Val); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkLink(element, link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("found the link %q: %w", link, err)
	}
	web := u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	below := u.Scheme == "" && u.Host == "" && !strings.HasPrefix(u.Path, "/") &&
		!strings.Contains(u.Path, "..")
	icon := element == "link" && strings.HasPrefix(link, "data:image/")
	if web && element == "a" || below || icon {
		return nil
	}
	return fmt.Errorf("found a link of the element %s to %q", element, link)
}
