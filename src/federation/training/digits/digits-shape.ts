/** An image is 8 x 8 pixels from 0 to 16, and shows one of ten digits. */
export const DIGIT_PIXELS = 64
export const DIGIT_CLASSES = 10
export const DARKEST_PIXEL = 16
