package verify

import (
	"regexp"
	"strings"
)

// longestLine and longestMessage bound what is searched for secrets: a tenant writes what it likes
// into its events and logs.
const (
	longestLine    = 8 << 10
	longestMessage = 32 << 10
	// longestLog is for the API server, which cuts the log of a container.
	longestLog = "1000000"
)

// The names of what holds a secret, in what programs print. In such texts a value has no sure end, so
// that what follows in the line is left out.
var (
	// surelySecret are names after which everything is left out.
	surelySecret = regexp.MustCompile(`(?i)[\w.-]*(?:passw(?:or)?d|passphrase|pass\b|pwd|\bpsk\b|credential|api[ _-]?key|access[ _-]?key|private[ _-]?key)[\w.-]*`)
	// assignedTo are names that others have as well, so that a sign must follow. Before this, redactedText has
	// left out plain values.
	assignedTo = regexp.MustCompile(`(?i)([\w.-]*(?:token|secret|cookie|signature|authorization|\bauths?\b|[_-]key\b)[\w.-]*)\\*["']?[ \t]*(?:=>|:=|[:=])[ \t]*(?:\\*["']?[(&<\[{$|>\\]|\\*["'][A-Za-z0-9+/]|(?:ApiKey|Digest|Token|Negotiate)\b|$)`)
	// spaced are names of more than a word, with a value after a space.
	spaced = regexp.MustCompile(`(?i)([\w.]+[_-](?:token|secret)s?)[ \t]+(\S+)`)
	// clients take passwords as arguments.
	clients = regexp.MustCompile(`\b(?:redis-cli|sshpass|mysql(?:dump|admin)?|mongo(?:sh|dump)?|curl|wget|smbclient|ldap(?:search|modify|add))\b[^\n]*?\s(-)`)
)

// outputText is what a program has printed, without what may be a secret. It leaves out more than
// redactedText: the rest of a line with the name of a secret, and the lines below it that are further indented.
func outputText(text string) string {
	lines := strings.Split(redactedText(cut(text)), "\n")
	var kept []string
	below := -1 // the indentation of a line whose rest was left out
	for _, line := range lines {
		indented := len(line) - len(strings.TrimLeft(line, " \t"))
		if below >= 0 && indented > below && strings.TrimSpace(line) != "" {
			continue
		}
		below = -1
		if at := secretAt(line); at >= 0 {
			line, below = line[:at]+" "+leftOut, indented
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

// secretAt is behind the name of what may be a secret in a line, or -1.
func secretAt(line string) int {
	first := -1
	at := func(i int) {
		if rest := line[i:]; first < 0 || i < first {
			if strings.Trim(rest, " \t") != leftOut {
				first = i
			}
		}
	}
	for _, m := range surelySecret.FindAllStringIndex(line, -1) {
		if !harmless.MatchString(line[m[0]:m[1]]) {
			at(m[1])
		}
	}
	for _, m := range assignedTo.FindAllStringSubmatchIndex(line, -1) {
		if !harmless.MatchString(line[m[2]:m[3]]) {
			at(m[3])
		}
	}
	for _, m := range spaced.FindAllStringSubmatchIndex(line, -1) {
		if value := line[m[4]:m[5]]; !plainWord.MatchString(value) && !harmless.MatchString(line[m[2]:m[3]]) && !strings.HasPrefix(value, "(left") {
			at(m[3])
		}
	}
	for _, m := range clients.FindAllStringSubmatchIndex(line, -1) {
		at(m[2])
	}
	return first
}

// cut shortens long lines.
func cut(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > longestLine {
			line = strings.ToValidUTF8(line[:longestLine-len(leftOut)-2], "") + " " + leftOut + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// isOutput says whether the message of an event has what a probe or a hook of a container has printed.
func isOutput(reason string) bool {
	return reason == "Unhealthy" || strings.Contains(reason, "Probe") || strings.Contains(reason, "Hook")
}
