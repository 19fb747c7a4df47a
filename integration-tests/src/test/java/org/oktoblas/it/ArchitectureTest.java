package org.oktoblas.it;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.oktoblas.kernels.TokenWeights;

/** The one way that dependencies run: kernels, engine, model zoo. */
class ArchitectureTest {

    private static final String[] KERNELS = {"org.oktoblas.kernels..", "org.oktoblas.cuda.."};
    private static final String[] ENGINE = {"org.oktoblas.engine.."};
    private static final String[] ZOO = {
        "org.oktoblas.okm..",
        "org.oktoblas.convert..",
        "org.oktoblas.gpt2..",
        "org.oktoblas.generate..",
        "org.oktoblas.zoo.."
    };

    /** What of the engine the model zoo may know. */
    private static final Set<String> OFFERED =
            Set.of(
                    "org.oktoblas.engine.TransformerOps",
                    "org.oktoblas.engine.TransformerOps$Linear",
                    "org.oktoblas.engine.ModelFormat",
                    "org.oktoblas.engine.OktoNDManager",
                    "org.oktoblas.engine.OktoEngine",
                    "org.oktoblas.engine.backend.Activation",
                    "org.oktoblas.engine.backend.Decoder",
                    "org.oktoblas.engine.backend.Decoder$Sampling",
                    "org.oktoblas.engine.backend.Decoder$Session",
                    "org.oktoblas.engine.backend.Decoder$Spec",
                    "org.oktoblas.engine.backend.Decoder$Weights",
                    "org.oktoblas.engine.backend.MathMode");

    private static JavaClasses classes;

    @BeforeAll
    static void read() {
        classes =
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        // The engine's tests come as a jar.
                        .withImportOption(location -> !location.contains("-tests.jar"))
                        .importPackages("org.oktoblas");
    }

    @Test
    void allThreeModulesAreRead() {
        for (String one :
                List.of(
                        "org.oktoblas.kernels.KernelLibrary",
                        "org.oktoblas.engine.OktoEngine",
                        "org.oktoblas.okm.OkmFile")) {
            assertTrue(classes.contain(one), one);
        }
    }

    @Test
    void kernelsKnowNeitherDjlNorWhatIsAbove() {
        noClasses()
                .that()
                .resideInAnyPackage(KERNELS)
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("ai.djl..")
                                .or(resideInAnyPackage(ENGINE))
                                .or(resideInAnyPackage(ZOO)))
                .check(classes);
    }

    @Test
    void onlyKernelsSeeJCuda() {
        noClasses()
                .that(resideOutsideOfPackages(KERNELS))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jcuda..")
                .check(classes);
    }

    @Test
    void onlyTheCudaBackendSeesTheRuntime() {
        noClasses()
                .that(
                        resideOutsideOfPackages(KERNELS)
                                .and(resideOutsideOfPackages("org.oktoblas.engine.cuda..")))
                .should()
                // The arithmetic by which host and device draw the same tokens is the runtime's
                // only
                // by its place.
                .dependOnClassesThat(
                        resideInAnyPackage("org.oktoblas.cuda..", "org.oktoblas.kernels..")
                                .and(not(type(TokenWeights.class))))
                .check(classes);
    }

    @Test
    void engineKnowsNoModelFilesAndNoTokenizers() {
        noClasses()
                .that()
                .resideInAnyPackage(ENGINE)
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage(ZOO).or(resideInAnyPackage("ai.djl.huggingface..")))
                .check(classes);
    }

    @Test
    void arraysReachDevicesThroughTheBackendAlone() {
        noClasses()
                .that()
                .resideInAPackage("org.oktoblas.engine.backend..")
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage(
                                        "org.oktoblas.engine.cpu..", "org.oktoblas.engine.cuda..")
                                .or(
                                        new DescribedPredicate<JavaClass>("are the array surface") {
                                            @Override
                                            public boolean test(JavaClass type) {
                                                return type.getPackageName()
                                                        .equals("org.oktoblas.engine");
                                            }
                                        }))
                .check(classes);
        noClasses()
                .that()
                .resideInAnyPackage("org.oktoblas.engine.cpu..", "org.oktoblas.engine.cuda..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.oktoblas.engine")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage("org.oktoblas.engine.cuda..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.oktoblas.engine.cpu..")
                .check(classes);
    }

    @Test
    void modelZooTakesTheEngineThroughItsSmallInterface() {
        noClasses()
                .that()
                .resideInAnyPackage(ZOO)
                .should()
                .dependOnClassesThat(
                        new DescribedPredicate<JavaClass>("are the engine's own business") {
                            @Override
                            public boolean test(JavaClass type) {
                                return type.getPackageName().startsWith("org.oktoblas.engine")
                                        && !OFFERED.contains(type.getName());
                            }
                        })
                .check(classes);
    }

    @Test
    void packagesOfTheModelZooHaveNoCycles() {
        slices().matching("org.oktoblas.(okm|convert|gpt2|generate|zoo)..")
                .should()
                .beFreeOfCycles()
                .check(classes);
    }
}
