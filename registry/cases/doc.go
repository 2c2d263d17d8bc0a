// Package cases keeps the cases 案件 for which footage may be seen: who works on
// one, where and when it happened, and until when it is open. An emergency is a
// case that one officer opens on a reason alone, for a day; it becomes a proper
// case or is reviewed. A case that reaches far waits for a second officer.
//
// The package says what a case allows; package access decides, and package viewing
// registers.
package cases
