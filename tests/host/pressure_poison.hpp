// What a frame takes with it when it loses its data, for pressure_run.cpp.
#pragma once

#include <memory>
#include <vector>

#include "tests/host/pressure_machine.hpp"
#include "tests/host/pressure_model.hpp"

namespace faultline::pressure {

// Found out before the frame is lost, and made true of the model when it was.
class Loss {
  public:
    Loss(Machine& machine, std::vector<ModelSpace>& spaces, const std::shared_ptr<ModelFile>& disk, const Page& frame);

    // Programs or a file use the frame, or nobody does: it must be possible to lose it then.
    bool possible() const;
    // It is lost. Throws Broken if an entry is not as it must be.
    void happened();

  private:
    struct Place {
        ModelPage* model;
        contract::TestMm* space;
        UserAddr address;
    };
    void look_at(const Place& place);

    const Page& frame_;
    std::shared_ptr<ModelFile> file_; // whose page it is; none: it is in no file
    bool gone_ = false;               // nothing else has what it holds
    std::vector<Place> shown_;        // by these entries
    std::vector<Place> in_swap_;      // these name its slot
};

// Whether the entry names a frame that has lost its data.
bool names_lost_frame(Pte pte);

// The frames that have lost their data, which nobody uses any more, are good again.
void unpoison_all();

} // namespace faultline::pressure
