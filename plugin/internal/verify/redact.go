package verify

import (
	"regexp"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// leftOut stands where something was that is nobody's business.
const leftOut = "(left out)"

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// words are in the names of what holds a secret.
const words = `(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|bearer|authorization|cookie|signature|api_?-?key|access_?-?key|account_?-?key|private_?-?key|[_-]key\b|(?:\b|[_-])pass\b)`

// secretName matches the name of what holds a secret, and harmless those that say something about
// one. The others find secrets in texts.
var (
	secretName = regexp.MustCompile(`(?i)` + words)
	harmless   = regexp.MustCompile(`(?i)(name|path|file|dir|policy|audiences?|audience|ttl|type|issuer|seconds|key_size|enabled?|public[_-]key|\.io|reviews)$|^secrets$`)
	jwt        = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	bearer     = regexp.MustCompile(`(?i)(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`)
	keyBlock   = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)`)
	// keyRest is a key whose first lines are not there, as where the last lines of a log begin.
	keyRest = regexp.MustCompile(`(?:(?:[ \t]*[A-Za-z0-9+/=]+[ \t\r]*|[^\n]*[A-Za-z0-9+/]{40,}={0,2}[^\n]*)\n)*[^\n]*-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----`)
	// keyInBase64 is a key in PEM that is encoded once more, as in a kubeconfig.
	keyInBase64 = regexp.MustCompile(`LS0tLS1CRUdJTi(?:BSU0Eg|BQUklW|BFQyBQ|BPUEVO|BFTkNS|BEU0Eg)[A-Za-z0-9+/=]*`)
	assigned    = regexp.MustCompile(`(?i)([\w.-]*` + words + `[\w.-]*)(\\*["']?[ \t]*(?:=>|:=|[:=])[ \t]*)`)
	header      = regexp.MustCompile(`(?i)^(?:set-|proxy-)?(?:cookie|authorization)$`)
	surely      = regexp.MustCompile(`(?i)(?:passw(?:or)?d|passphrase|pwd|key)`)
	// inURL is all between the slashes and the last @, and account a name and a password without slashes: not
	// the digest of an image.
	inURL       = regexp.MustCompile(`//[^\s"'<>]+@`)
	account     = regexp.MustCompile(`([\w.+-]+:)([^\s"'<>@]+)@(sha(?:256|512):)?`)
	inHook      = regexp.MustCompile(`((?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks|webhook\.office\.com)/)[^\s"'<>(]+`)
	inQuery     = regexp.MustCompile(`(?i)([?&](?:key|sig|code)=)[^&\s"'(]+`)
	inArguments = regexp.MustCompile(`(?i)((?:^|[\s"'\[,])--?[\w.-]*` + words + `[\w.-]*[ \t]+["']?|\s-u\s+[^\s:]+:)([^\s"'(-][^\s"']*)`)
	known       = regexp.MustCompile(`\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|hv[bsr]\.[\w-]{8,}|AIza[\w-]{30,}|` +
		`sk-[\w-]{20,}|[sr]k_live_\w{16,}|npm_[A-Za-z0-9]{30,}|ya29\.[\w-]{16,}|AGE-SECRET-KEY-1\w+)`)
	plainWord = regexp.MustCompile(`^[A-Za-z]{1,12}[,.:;]?$`)
	noSecret  = regexp.MustCompile(`^(?:true|false|null|nil|none)?$`)
)

// looksSecret judges the name of a field, or the path of one: of env[NAME].value it is NAME.
func looksSecret(path string) bool {
	path = strings.TrimSuffix(path, "].value")
	last := path[strings.LastIndexAny(path, ".[")+1:]
	last = strings.TrimSuffix(last, "]")
	return isSecretName(last) && !isReference[last]
}

func isSecretName(name string) bool {
	return secretName.MatchString(name) && !harmless.MatchString(name)
}

// isReference are fields of Kubernetes that name a Secret or ask for a token, and have none.
var isReference = map[string]bool{"secret": true, "secrets": true, "secretRef": true, "secretKeyRef": true, "imagePullSecrets": true, "serviceAccountToken": true,
	"automountServiceAccountToken": true, "tokenRequests": true}

// redactedText is a text without the tokens, keys and passwords in it. What it has left out, it
// leaves as it is.
func redactedText(text string) string {
	text = jwt.ReplaceAllString(text, leftOut)
	if strings.Contains(text, "PRIVATE KEY") {
		text = keyRest.ReplaceAllString(keyBlock.ReplaceAllString(text, leftOut), leftOut)
	}
	text = keyInBase64.ReplaceAllString(text, leftOut)
	text = known.ReplaceAllString(text, leftOut)
	text = inURL.ReplaceAllString(text, "//"+leftOut+"@")
	text = inHook.ReplaceAllString(text, "${1}"+leftOut)
	text = account.ReplaceAllStringFunc(text, func(found string) string {
		parts := account.FindStringSubmatch(found)
		if parts[3] != "" {
			return found
		}
		return parts[1] + leftOut + "@"
	})
	text = withoutAssigned(text)
	text = inQuery.ReplaceAllString(text, "${1}"+leftOut)
	text = inArguments.ReplaceAllStringFunc(text, func(found string) string {
		parts := inArguments.FindStringSubmatch(found)
		if name := strings.Trim(parts[1], " \t\"'[,-"); harmless.MatchString(name) {
			return found
		}
		return parts[1] + leftOut
	})
	return bearer.ReplaceAllString(text, "$1 "+leftOut)
}

// withoutAssigned leaves out what is assigned to the names of secrets, wherever in a line: as
// password=..., in YAML, in JSON, and in JSON within a text of JSON.
func withoutAssigned(text string) string {
	var b strings.Builder
	atLine := true // whether text begins a line
	for {
		m := assigned.FindStringSubmatchIndex(text)
		if m == nil {
			b.WriteString(text)
			return b.String()
		}
		before, name, sign := text[:m[0]], text[m[2]:m[3]], text[m[4]:m[5]]
		if i := strings.LastIndexByte(before, '\n'); i >= 0 {
			before, atLine = before[i+1:], true
		}
		begins := atLine && strings.Trim(before, " \t-\"'\\") == ""
		b.WriteString(text[:m[1]])
		text, atLine = text[m[1]:], false
		if !isSecretName(name) {
			continue
		}
		opens, value := valueOf(text, begins || header.MatchString(name))
		switch {
		case noSecret.MatchString(value) || strings.HasPrefix(value, leftOut) || strings.Trim(value, "*") == "":
			continue
		case opens == "" && strings.Contains(sign, ":") && !begins && plainWord.MatchString(value) && !surely.MatchString(name): // a sentence
			continue
		}
		b.WriteString(opens + leftOut)
		text = text[len(opens)+len(value):]
	}
}

// valueOf is what begins a text: in quotes, or else to the end of a word, or of the line. opens is
// its quote. References, such as $(NAME), and what has more fields in it are none.
func valueOf(text string, wholeLine bool) (opens, value string) {
	line, _, _ := strings.Cut(text, "\n")
	quote := strings.TrimLeft(line, `\`)
	if quote != "" && (quote[0] == '"' || quote[0] == '\'') {
		opens = line[:len(line)-len(quote)+1]
		rest := line[len(opens):]
		for i := 0; i < len(rest); i++ {
			switch {
			case strings.HasPrefix(rest[i:], opens):
				return opens, rest[:i]
			case rest[i] == '\\':
				i++
			}
		}
		return opens, rest
	}
	if line == "" || strings.ContainsRune("{[<(|>&", rune(line[0])) || strings.HasPrefix(line, "$(") || strings.HasPrefix(line, "${") {
		return "", ""
	}
	if wholeLine {
		return "", strings.TrimRight(line, " \t\r\"'},\\")
	}
	if i := strings.IndexAny(line, " \t\r\"'\\,;&{}[]<>()"); i >= 0 {
		line = line[:i]
	}
	return "", line
}

// redacted is a value without what looks like a secret: the values of environment
// variables and of fields by their names, and tokens wherever they stand.
func redacted(value any) any {
	switch value := value.(type) {
	case string:
		return redactedText(value)
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = redacted(element)
		}
		return list
	case map[string]any:
		fields := make(map[string]any, len(value))
		variable := snapshot.Text(value, "name")
		for key, element := range value {
			if key == lastApplied { // an object in a text
				continue
			}
			text, isText := element.(string)
			switch {
			case isText && text != "" && (looksSecret(key) || key == "value" && looksSecret(variable)):
				fields[key] = leftOut
			default:
				fields[key] = redacted(element)
			}
		}
		return fields
	}
	return value
}
