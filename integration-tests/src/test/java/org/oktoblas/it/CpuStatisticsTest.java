package org.oktoblas.it;

class CpuStatisticsTest extends StatisticsLaws {

    CpuStatisticsTest() {
        super(Target.CPU);
    }
}
