package org.oktoblas.engine.backend;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How far along an axis a storage is in use that a tensor grows into. Of the views of it, one that
 * ends there can be continued in place: what follows is nobody's yet. Every position is given away
 * once, so that no view's elements ever change.
 */
public final class Growth {

    private final Layout whole;
    private final int axis;
    private final AtomicLong end;

    /**
     * Describes a storage.
     *
     * @param whole all of it, from its start on
     * @param axis along which there is room
     * @param end how many positions are in use
     */
    public Growth(Layout whole, int axis, long end) {
        this.whole = whole;
        this.axis = axis;
        this.end = new AtomicLong(end);
    }

    /**
     * Claims the positions behind a view. Of callers that want the same ones, the first gets them.
     *
     * @param view of the storage
     * @return the view with these positions; null if it is not the whole's but for what lies before
     *     it, does not end where all ends, or is followed by less room
     */
    public Layout claim(Layout view, long positions) {
        long start = view.offset() / whole.stride(axis);
        if (view.rank() != whole.rank() || view.size(axis) == 0) {
            return null;
        }
        long from = start + view.size(axis);
        long to = from + positions;
        boolean fits =
                to <= whole.size(axis)
                        && view.equals(whole.slice(axis, start, view.size(axis), 1))
                        && end.compareAndSet(from, to);
        return fits ? whole.slice(axis, start, to - start, 1) : null;
    }
}
