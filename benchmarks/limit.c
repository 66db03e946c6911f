/* The same work in C: a 4-level walk with rights and A/D, behind a TLB of sets x ways with LRU and PCID tags.
 * Usage: limit FILE ROUNDS. FILE: counts (accesses, words), root, shape (sets, ways), words, addresses, kinds; 64-bit
 * little-endian, kinds one byte each. Prints for each round: seconds, hits, faults, XOR of physical addresses, sum of
 * the words. Every mapping is a 4 KiB page; CPL 3. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t u64;
enum { P = 1, RW = 2, US = 4, A = 32, D = 64 };
#define NX (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull

typedef struct { u64 tag, frame, rights, used, leaf; } Entry;

static u64 *memory, hits, faults, sum;
static Entry *tlb;
static u64 sets, ways;

static int refused(u64 rights, int kind)
{
	if (!(rights & US))
		return 1;
	return kind == 1 ? !(rights & RW) : kind == 2 && (rights & NX);
}

static void one(u64 root, u64 pcid, u64 va, int kind, u64 now)
{
	u64 page = va >> 12, tag = page | pcid << 52 | 0, at[4], rights = US | RW, table = root;
	Entry *set = tlb + (page & (sets - 1)) * ways, *old = set;
	for (u64 way = 0; way < ways; way++) {
		if (set[way].used && set[way].tag == tag) {
			Entry *entry = &set[way];
			if (refused(entry->rights, kind)) {
				entry->used = 0;
				faults++;
				return;
			}
			if (kind == 1)
				memory[entry->leaf] |= D;
			entry->used = now;
			hits++;
			sum ^= entry->frame | (va & 0xfff);
			return;
		}
		if (set[way].used < old->used)
			old = &set[way];
	}
	for (int level = 3; level >= 0; level--) {
		at[level] = (table | ((va >> (9 + 9 * level)) & 0xff8)) >> 3;
		u64 word = memory[at[level]];
		if (!(word & P)) {
			faults++;
			return;
		}
		rights = (rights & word & (US | RW)) | ((rights | word) & NX);
		table = word & ADDRESS;
	}
	if (refused(rights, kind)) {
		faults++;
		return;
	}
	for (int level = 0; level < 4; level++)
		memory[at[level]] |= A;
	if (kind == 1)
		memory[at[0]] |= D;
	*old = (Entry){ tag, table, rights, now, at[0] };
	sum ^= table | (va & 0xfff);
}

static void get(void *to, size_t size, FILE *file)
{
	if (fread(to, 1, size, file) != size)
		exit(2);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
	if (!file)
		return 2;
	u64 head[5];
	get(head, sizeof head, file);
	u64 count = head[0], words = head[1], root = head[2];
	sets = head[3], ways = head[4];
	u64 *fresh = malloc(8 * words), *va = malloc(8 * count);
	unsigned char *kind = malloc(count);
	memory = malloc(8 * words), tlb = malloc(sets * ways * sizeof *tlb);
	get(fresh, 8 * words, file), get(va, 8 * count, file), get(kind, count, file);
	for (int round = atoi(argv[2]); round > 0; round--) {
		struct timespec begin, end;
		memcpy(memory, fresh, 8 * words);
		memset(tlb, 0, sets * ways * sizeof *tlb);
		hits = faults = sum = 0;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		for (u64 number = 0; number < count; number++)
			one(root, 0, va[number], kind[number], number + 1);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		u64 total = 0;
		for (u64 place = 0; place < words; place++)
			total += memory[place];
		printf("%.9f %llu %llu %llu %llu\n", (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec),
		       (unsigned long long)hits, (unsigned long long)faults, (unsigned long long)sum, (unsigned long long)total);
	}
	return 0;
}
