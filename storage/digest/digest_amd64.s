#include "textflag.h"

// The constants of FIPS 180-4, 4.2.2, two a line.
DATA k<>+0x00(SB)/8, $0x71374491428a2f98
DATA k<>+0x08(SB)/8, $0xe9b5dba5b5c0fbcf
DATA k<>+0x10(SB)/8, $0x59f111f13956c25b
DATA k<>+0x18(SB)/8, $0xab1c5ed5923f82a4
DATA k<>+0x20(SB)/8, $0x12835b01d807aa98
DATA k<>+0x28(SB)/8, $0x550c7dc3243185be
DATA k<>+0x30(SB)/8, $0x80deb1fe72be5d74
DATA k<>+0x38(SB)/8, $0xc19bf1749bdc06a7
DATA k<>+0x40(SB)/8, $0xefbe4786e49b69c1
DATA k<>+0x48(SB)/8, $0x240ca1cc0fc19dc6
DATA k<>+0x50(SB)/8, $0x4a7484aa2de92c6f
DATA k<>+0x58(SB)/8, $0x76f988da5cb0a9dc
DATA k<>+0x60(SB)/8, $0xa831c66d983e5152
DATA k<>+0x68(SB)/8, $0xbf597fc7b00327c8
DATA k<>+0x70(SB)/8, $0xd5a79147c6e00bf3
DATA k<>+0x78(SB)/8, $0x1429296706ca6351
DATA k<>+0x80(SB)/8, $0x2e1b213827b70a85
DATA k<>+0x88(SB)/8, $0x53380d134d2c6dfc
DATA k<>+0x90(SB)/8, $0x766a0abb650a7354
DATA k<>+0x98(SB)/8, $0x92722c8581c2c92e
DATA k<>+0xa0(SB)/8, $0xa81a664ba2bfe8a1
DATA k<>+0xa8(SB)/8, $0xc76c51a3c24b8b70
DATA k<>+0xb0(SB)/8, $0xd6990624d192e819
DATA k<>+0xb8(SB)/8, $0x106aa070f40e3585
DATA k<>+0xc0(SB)/8, $0x1e376c0819a4c116
DATA k<>+0xc8(SB)/8, $0x34b0bcb52748774c
DATA k<>+0xd0(SB)/8, $0x4ed8aa4a391c0cb3
DATA k<>+0xd8(SB)/8, $0x682e6ff35b9cca4f
DATA k<>+0xe0(SB)/8, $0x78a5636f748f82ee
DATA k<>+0xe8(SB)/8, $0x8cc7020884c87814
DATA k<>+0xf0(SB)/8, $0xa4506ceb90befffa
DATA k<>+0xf8(SB)/8, $0xc67178f2bef9a3f7
GLOBL k<>(SB), RODATA|NOPTR, $256

// The bytes of each 32-bit word the other way round.
DATA flip<>+0x00(SB)/8, $0x0405060700010203
DATA flip<>+0x08(SB)/8, $0x0c0d0e0f08090a0b
GLOBL flip<>(SB), RODATA|NOPTR, $16

// State s is the working variables f, e, b, a, from low to high; state t is h, g,
// d, c. SHA256RNDS2 does two rounds with the two words in the low half of X0 and
// puts the new s where t was: the old s is the new t, and after a second one
// the two registers have their old parts again.

#define K R8

// LOAD takes the 64 bytes at p as 16 big-endian words into m0 to m3.
#define LOAD(p, m0, m1, m2, m3) \
	MOVOU  (p), m0;   \
	MOVOU  16(p), m1; \
	MOVOU  32(p), m2; \
	MOVOU  48(p), m3; \
	PSHUFB X15, m0;   \
	PSHUFB X15, m1;   \
	PSHUFB X15, m2;   \
	PSHUFB X15, m3

// ROUNDS does the four rounds whose constants begin at k and whose words are m.
#define ROUNDS(k, m, s, t) \
	MOVOU       k(K), X0;      \
	PADDD       m, X0;         \
	SHA256RNDS2 X0, s, t;      \
	PSHUFD      $0x0e, X0, X0; \
	SHA256RNDS2 X0, t, s

// NEXT makes of the 16 words in m0 to m3 the four that follow (FIPS 180-4, 6.2.2
// step 1), in m0. It spoils x.
#define NEXT(m0, m1, m2, m3, x) \
	MOVO       m3, x;     \
	PALIGNR    $4, m2, x; \
	SHA256MSG1 m1, m0;    \
	PADDD      x, m0;     \
	SHA256MSG2 m3, m0

// ADD ends a block: the state of its beginning, at h, is added and stored there.
#define ADD(h, s, t, x, y) \
	MOVOU (h), x;   \
	MOVOU 16(h), y; \
	PADDD x, s;     \
	PADDD y, t;     \
	MOVOU s, (h);   \
	MOVOU t, 16(h)

// Lane A has its state in X1 and X2, its words in X3 to X6, and X13; lane B has
// X7 and X8, X9 to X12, and X14.

#define STEP1(k, c, m0, m1, m2, m3) \
	ROUNDS(k, m3, X1, X2); \
	CRC32Q c(SI), AX;      \
	NEXT(m0, m1, m2, m3, X13)

// func blocksCRC(h *[8]uint32, crc uint32, p *byte, blocks int) uint32
TEXT ·blocksCRC(SB), NOSPLIT, $0-36
	MOVQ  h+0(FP), DI
	MOVL  crc+8(FP), AX
	MOVQ  p+16(FP), SI
	MOVQ  blocks+24(FP), CX
	LEAQ  k<>(SB), K
	MOVOU flip<>(SB), X15
	MOVOU (DI), X1
	MOVOU 16(DI), X2
	NOTL  AX
	TESTQ CX, CX
	JLE   done

block:
	LOAD(SI, X3, X4, X5, X6)
	ROUNDS(0x00, X3, X1, X2)
	ROUNDS(0x10, X4, X1, X2)
	ROUNDS(0x20, X5, X1, X2)
	STEP1(0x30, 0, X3, X4, X5, X6)
	STEP1(0x40, 8, X4, X5, X6, X3)
	STEP1(0x50, 16, X5, X6, X3, X4)
	STEP1(0x60, 24, X6, X3, X4, X5)
	STEP1(0x70, 32, X3, X4, X5, X6)
	STEP1(0x80, 40, X4, X5, X6, X3)
	STEP1(0x90, 48, X5, X6, X3, X4)
	STEP1(0xa0, 56, X6, X3, X4, X5)
	ROUNDS(0xb0, X6, X1, X2)
	NEXT(X3, X4, X5, X6, X13)
	ROUNDS(0xc0, X3, X1, X2)
	NEXT(X4, X5, X6, X3, X13)
	ROUNDS(0xd0, X4, X1, X2)
	NEXT(X5, X6, X3, X4, X13)
	ROUNDS(0xe0, X5, X1, X2)
	NEXT(X6, X3, X4, X5, X13)
	ROUNDS(0xf0, X6, X1, X2)
	ADD(DI, X1, X2, X13, X14)
	ADDQ  $64, SI
	DECQ  CX
	JNZ   block

done:
	NOTL  AX
	MOVL  AX, ret+32(FP)
	RET

#define ROUNDS2(k, ma, mb) \
	ROUNDS(k, ma, X1, X2); \
	ROUNDS(k, mb, X7, X8)

#define NEXT2(a0, a1, a2, a3, b0, b1, b2, b3) \
	NEXT(a0, a1, a2, a3, X13); \
	NEXT(b0, b1, b2, b3, X14)

#define STEP2(k, c, a0, a1, a2, a3, b0, b1, b2, b3) \
	ROUNDS2(k, a3, b3); \
	CRC32Q c(SI), AX;   \
	CRC32Q c(DX), BX;   \
	NEXT2(a0, a1, a2, a3, b0, b1, b2, b3)

// func blocksCRC2(ha, hb *[8]uint32, crca, crcb uint32, pa, pb *byte, blocks int) (uint32, uint32)
TEXT ·blocksCRC2(SB), NOSPLIT, $0-56
	MOVQ  ha+0(FP), DI
	MOVQ  hb+8(FP), R9
	MOVL  crca+16(FP), AX
	MOVL  crcb+20(FP), BX
	MOVQ  pa+24(FP), SI
	MOVQ  pb+32(FP), DX
	MOVQ  blocks+40(FP), CX
	LEAQ  k<>(SB), K
	MOVOU flip<>(SB), X15
	MOVOU (DI), X1
	MOVOU 16(DI), X2
	MOVOU (R9), X7
	MOVOU 16(R9), X8
	NOTL  AX
	NOTL  BX
	TESTQ CX, CX
	JLE   done

block:
	LOAD(SI, X3, X4, X5, X6)
	LOAD(DX, X9, X10, X11, X12)
	ROUNDS2(0x00, X3, X9)
	ROUNDS2(0x10, X4, X10)
	ROUNDS2(0x20, X5, X11)
	STEP2(0x30, 0, X3, X4, X5, X6, X9, X10, X11, X12)
	STEP2(0x40, 8, X4, X5, X6, X3, X10, X11, X12, X9)
	STEP2(0x50, 16, X5, X6, X3, X4, X11, X12, X9, X10)
	STEP2(0x60, 24, X6, X3, X4, X5, X12, X9, X10, X11)
	STEP2(0x70, 32, X3, X4, X5, X6, X9, X10, X11, X12)
	STEP2(0x80, 40, X4, X5, X6, X3, X10, X11, X12, X9)
	STEP2(0x90, 48, X5, X6, X3, X4, X11, X12, X9, X10)
	STEP2(0xa0, 56, X6, X3, X4, X5, X12, X9, X10, X11)
	ROUNDS2(0xb0, X6, X12)
	NEXT2(X3, X4, X5, X6, X9, X10, X11, X12)
	ROUNDS2(0xc0, X3, X9)
	NEXT2(X4, X5, X6, X3, X10, X11, X12, X9)
	ROUNDS2(0xd0, X4, X10)
	NEXT2(X5, X6, X3, X4, X11, X12, X9, X10)
	ROUNDS2(0xe0, X5, X11)
	NEXT2(X6, X3, X4, X5, X12, X9, X10, X11)
	ROUNDS2(0xf0, X6, X12)
	ADD(DI, X1, X2, X13, X14)
	ADD(R9, X7, X8, X13, X14)
	ADDQ  $64, SI
	ADDQ  $64, DX
	DECQ  CX
	JNZ   block

done:
	NOTL  AX
	NOTL  BX
	MOVL  AX, ret+48(FP)
	MOVL  BX, ret1+52(FP)
	RET
