package verify

import (
	"regexp"
	"strings"
)

// withheldAt are fields of which nobody knows what somebody else has written into them: variables,
// arguments, headers, annotations, the configuration of a plugin, and the texts of ConfigMaps. A password may be there under any name.
var withheldAt = regexp.MustCompile(`(^|[.\]])(env\[[^\]]*\]\.value|httpHeaders\[[^\]]*\]\.value|(args|command)(\[\d+\])?)$|(^|\.)metadata\.annotations([.\[]|$)|^(spec\.pluginConfig|data|binaryData|stringData)([.\[]|$)`)

func isWithheld(path string) bool { return withheldAt.MatchString(path) }

// plainValue is a number, an amount, a duration or a truth.
var plainValue = regexp.MustCompile(`^(true|false|[0-9]{1,5}(\.[0-9]{1,3})?(ms|[smh%]|[KMG]i?)?)?$`)

// flag is the name of an argument, and its value.
var flag = regexp.MustCompile(`^(--?[A-Za-z][\w.-]*)(=.*)?$`)

// withheldText is a text of the cluster without what may be a secret: of an argument, its name
// stays.
func withheldText(text string) string {
	if plainValue.MatchString(text) {
		return text
	}
	parts := flag.FindStringSubmatch(strings.ReplaceAll(text, "\n", " "))
	switch {
	case parts == nil || !strings.HasPrefix(text, "--") && len(parts[1]) > 2: // -phunter2
		return leftOut
	case parts[2] == "" || plainValue.MatchString(parts[2][1:]) && !isSecretName(parts[1]):
		return text
	}
	return parts[1] + "=" + leftOut
}

// withheld is a value of the cluster at a path, without such texts. Names, and what stands in other
// fields, stay.
func withheld(path string, value any) any {
	switch value := value.(type) {
	case string:
		if isWithheld(path) {
			return withheldText(value)
		}
		return value
	case []any:
		list := make([]any, len(value))
		for i, key := range keysOf(value) {
			list[i] = withheld(path+key, value[i])
		}
		return list
	case map[string]any:
		fields := make(map[string]any, len(value))
		for key, element := range value {
			fields[key] = withheld(join(path, key), element)
		}
		return fields
	}
	return value
}
