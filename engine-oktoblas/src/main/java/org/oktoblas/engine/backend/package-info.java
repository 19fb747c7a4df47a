/**
 * The waist between DJL's array surface and the devices: a few primitives over strided tensors.
 * DJL's methods are compositions of these; each device implements these and nothing more.
 */
package org.oktoblas.engine.backend;
