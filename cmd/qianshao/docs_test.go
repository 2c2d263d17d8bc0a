package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are all documents of the repository.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files", "--cached", "--others", "--exclude-standard", "*.md").Output()
	if err != nil {
		t.Skipf("no git checkout: %v", err)
	}
	list := map[string]string{}
	for _, name := range strings.Fields(string(out)) {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		list[name] = string(text)
	}
	if len(list) < 6 {
		t.Fatalf("%d documents", len(list))
	}
	return list
}

// Links between documents lead somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	seen := 0
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d links", seen)
	}
}

// The commands that documents tell people to type exist.
func TestCommandsOfPages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: runs every command")
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	target := regexp.MustCompile("(?m)(?:^ {4,}|`)make ([a-z-]+)")
	typed := regexp.MustCompile("(?m)(?:^ {4,}|`)(?:\\./bin/)?(qianshao|camsim|qsbench)((?: [a-z][a-z-]*)+)([^`\n]*)")
	flag := regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	targets, commands := 0, 0
	helps := map[string]string{} // of each command
	for page, text := range pages(t) {
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			targets++
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s: no target %q", page, m[1])
			}
		}
		for _, m := range typed.FindAllStringSubmatch(text, -1) {
			if m[1] != "qianshao" {
				continue
			}
			words := strings.Fields(m[2])
			words = words[:min(len(words), 2)]
			if len(words) == 2 && !slices.Contains([]string{"account", "camera", "case", "places", "register", "retention", "safe-mode", "secret", "token"}, words[0]) {
				words = words[:1]
			}
			commands++
			command := strings.Join(words, " ")
			if _, asked := helps[command]; !asked {
				help, err := exec.CommandContext(t.Context(), "qianshao", append(words, "--help")...).CombinedOutput()
				if err != nil {
					t.Errorf("%s: %s: %s", page, strings.TrimSpace(m[0]), help)
				}
				helps[command] = string(help)
			}
			for _, f := range flag.FindAllString(m[3], -1) {
				if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).MatchString(helps[command]) {
					t.Errorf("%s: %s: no flag %s", page, strings.TrimSpace(m[0]), f)
				}
			}
		}
	}
	if targets < 5 || commands < 8 {
		t.Errorf("only %d targets and %d commands", targets, commands)
	}
}

// The systemd unit says what the program needs.
func TestUnit(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../configs/qianshao.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"Type=notify", "LimitNOFILE=", "Restart=always", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n", "DynamicUser=yes", "UMask=0027",
		"ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectControlGroups=yes",
		"ProtectProc=invisible", "RestrictNamespaces=yes", "RestrictSUIDSGID=yes", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n", "LockPersonality=yes",
		"SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources", "NoExecPaths=/var/lib/qianshao /tmp",
		"ExecStart=/usr/local/bin/qianshao serve --config /etc/qianshao/qianshao.yaml --data /var/lib/qianshao",
	} {
		if !strings.Contains(string(unit), "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		return
	}
	file := filepath.Join(t.TempDir(), "qianshao.service")
	text := strings.ReplaceAll(string(unit), "/usr/local/bin/qianshao", "/bin/true")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", file).CombinedOutput(); err != nil || strings.Contains(string(out), "qianshao.service:") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}
