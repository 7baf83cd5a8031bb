/* The version of the header, in parts and whole, is that of the library. */
#include "check.h"

int main(void)
{
    char parts[64];
    snprintf(parts, sizeof parts, "%d.%d.%d", JOBEXEC_VERSION_MAJOR, JOBEXEC_VERSION_MINOR,
             JOBEXEC_VERSION_PATCH);
    CHECK(strcmp(parts, JOBEXEC_VERSION) == 0);
    CHECK(strcmp(parts, jobexec_version()) == 0);
    return 0;
}
