package embedded

import (
	"bytes"
	"log/slog"
	"sync"

	"k8s.io/klog/v2"
)

// quiet guards the one output that klog has in a process. klog does not allow a change while others log, so only the first log that is
// opened sets it.
var quiet sync.Once

// quieten sends what Tessera warns of to logger (nil: nowhere) instead of standard error, and drops its chatter.
func quieten(logger *slog.Logger) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	quiet.Do(func() {
		klog.SetLoggerWithOptions(klog.Logger{}, klog.WriteKlogBuffer(func(line []byte) {
			if severity, message := splitLine(line); severity != 'I' {
				logger.Warn("transparency log", "severity", string(severity), "message", message)
			}
		}))
	})
}

// splitLine takes a line of klog apart: "W1122 08:00:00.000000   12 files.go:157] message".
func splitLine(line []byte) (severity byte, message string) {
	_, text, found := bytes.Cut(line, []byte("] "))
	if len(line) == 0 || !found {
		return 'W', string(bytes.TrimSpace(line))
	}
	return line[0], string(bytes.TrimSpace(text))
}
