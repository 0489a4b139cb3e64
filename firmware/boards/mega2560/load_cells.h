#ifndef BEE_MEGA2560_LOAD_CELLS_H
#define BEE_MEGA2560_LOAD_CELLS_H

void load_cells_start(void);

#endif
