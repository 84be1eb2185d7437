// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeviceRegistry} from "../../contracts/DeviceRegistry.sol";
import {Binding, IDeviceRegistry, Terms, Word} from "../../contracts/IDeviceRegistry.sol";
import {Check} from "./Check.sol";

/// @notice A registry, an opener with a log, an owner, and terms between them that nobody has said yet.
abstract contract DeviceCheck is Check {
    uint64 internal constant START = 1_800_000_000;
    uint256 internal constant OPENER_KEY = 0x0be4;
    uint256 internal constant OWNER_KEY = 0x0441e4;
    address internal constant ANCHOR_REGISTRY = address(0xa4c404);
    address internal constant STRANGER = address(0x5ab07e04);
    bytes32 internal constant ORIGIN_HASH = keccak256("kedge.example/street/1");
    bytes32 internal constant DEVICE = keccak256("urn:kedge:device:meter-1");

    address internal immutable _opener = vm.addr(OPENER_KEY);
    address internal immutable _owner = vm.addr(OWNER_KEY);
    DeviceRegistry internal _registry;
    bytes32 internal _logId;

    function setUp() public virtual {
        vm.warp(START);
        _registry = new DeviceRegistry();
        _logId = _registry.logIdOf(ANCHOR_REGISTRY, _opener, ORIGIN_HASH);
    }

    function _terms() internal view returns (Terms memory) {
        return Terms({
            anchorRegistry: ANCHOR_REGISTRY,
            opener: _opener,
            originHash: ORIGIN_HASH,
            device: DEVICE,
            owner: _owner,
            keyHash: keccak256("key 1"),
            certificateHash: keccak256("certificate 1"),
            openerRotates: true,
            history: _registry.bindingOf(_logId, DEVICE).history,
            validUntil: uint64(block.timestamp) + 1 days
        });
    }

    function _sign(uint256 key, Terms memory terms) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _registry.digestOf(terms));
        return abi.encodePacked(r, s, v);
    }

    function _bind(address side, Terms memory terms) internal returns (bool) {
        vm.prank(side);
        return _registry.bind(terms);
    }

    /// @dev Both sides say the terms.
    function _bound(Terms memory terms) internal {
        _bind(terms.opener, terms);
        expect(_bind(terms.owner, terms), "bound");
    }

    function _expectRefused(address side, Terms memory terms, bytes memory problem) internal {
        vm.expectRevert(problem);
        _bind(side, terms);
    }

    function _binding() internal view returns (Binding memory) {
        return _registry.bindingOf(_logId, DEVICE);
    }

    function _expectOwner(address owner, string memory what) internal view {
        expect(_binding().owner == owner, what);
    }
}

/// @notice A contract that signs what it was told to. [ERC-1271]
contract DeviceOwnerContract {
    bytes32 public signed;

    function setSigned(bytes32 digest) external {
        signed = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == signed ? DeviceOwnerContract.isValidSignature.selector : bytes4(0);
    }
}

contract DeviceRegistryTest is DeviceCheck {
    // ---- both sides ----

    function test_a_device_is_bound_once_both_sides_said_so() external {
        Terms memory terms = _terms();
        vm.expectEmit(address(_registry));
        emit IDeviceRegistry.Proposed(_logId, DEVICE, _opener, terms);
        expect(!_bind(_opener, terms), "one side alone binds nothing");
        bytes32 digest = _registry.digestOf(terms);
        expect(_registry.wordOf(digest, _opener) == Word.Said && _registry.wordOf(digest, _owner) == Word.None, "one word");
        _expectOwner(address(0), "so it belongs to nobody");
        expectBytes32(_binding().history, 0, "and nothing has changed");

        vm.warp(START + 60);
        vm.expectEmit(address(_registry));
        emit IDeviceRegistry.Bound(_logId, DEVICE, _owner, terms.keyHash, terms.certificateHash, true, _owner, uint40(START + 60), 0);
        expect(_bind(_owner, terms), "with the other side it is bound");
        expect(_registry.wordOf(digest, _opener) == Word.None, "the word is used up");
        Binding memory binding = _binding();
        expect(binding.owner == _owner, "owner");
        expectUint(binding.boundSince, START + 60, "bound since");
        expectUint(binding.changedAt, START + 60, "changed at");
        expect(binding.openerRotates, "rule");
        expectBytes32(binding.keyHash, terms.keyHash, "key");
        expectBytes32(binding.certificateHash, terms.certificateHash, "certificate");
        expectBytes32(
            binding.history,
            keccak256(
                abi.encode(bytes32(0), _logId, DEVICE, _owner, terms.keyHash, terms.certificateHash, true, _owner, uint256(START + 60))
            ),
            "history"
        );
    }

    function test_the_owner_may_go_first() external {
        Terms memory terms = _terms();
        expect(!_bind(_owner, terms), "one side");
        expect(_bind(_opener, terms), "the other");
        _expectOwner(_owner, "bound");
    }

    function test_words_that_differ_bind_nothing() external {
        Terms memory terms = _terms();
        _bind(_opener, terms);
        terms.keyHash = keccak256("another key");
        expect(!_bind(_owner, terms), "the owner said something else");
        _expectOwner(address(0), "so nothing is bound");
    }

    function test_one_side_that_says_it_twice_binds_nothing() external {
        Terms memory terms = _terms();
        _bind(_opener, terms);
        expect(!_bind(_opener, terms), "still one side");
        _expectOwner(address(0), "nothing is bound");
    }

    function test_an_opener_that_is_the_owner_needs_nobody_else() external {
        Terms memory terms = _terms();
        terms.owner = _opener;
        expect(_bind(_opener, terms), "bound at once");
        _expectOwner(_opener, "to itself");
    }

    function test_one_transaction_suffices_with_the_others_signature() external {
        Terms memory terms = _terms();
        bytes memory signature = _sign(OWNER_KEY, terms);
        vm.prank(_opener);
        _registry.bindSigned(terms, signature);
        _expectOwner(_owner, "the opener handed in the owner's");

        Terms memory next = _terms();
        next.keyHash = keccak256("key 2");
        signature = _sign(OPENER_KEY, next);
        vm.prank(_owner);
        _registry.bindSigned(next, signature);
        expectBytes32(_binding().keyHash, next.keyHash, "and the owner the opener's");
    }

    function test_an_owner_that_is_a_contract_signs_by_erc_1271() external {
        DeviceOwnerContract account = new DeviceOwnerContract();
        Terms memory terms = _terms();
        terms.owner = address(account);
        bytes32 digest = _registry.digestOf(terms);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NotSigned.selector, address(account), digest));
        vm.prank(_opener);
        _registry.bindSigned(terms, "");
        account.setSigned(digest);
        vm.prank(_opener);
        _registry.bindSigned(terms, "");
        _expectOwner(address(account), "bound");
    }

    function test_a_signature_is_for_these_terms_this_registry_and_this_chain() external {
        Terms memory terms = _terms();
        bytes memory signature = _sign(OWNER_KEY, terms);
        bytes memory own = _sign(OPENER_KEY, terms);
        DeviceRegistry other = new DeviceRegistry();
        bytes memory problem = abi.encodeWithSelector(IDeviceRegistry.NotSigned.selector, _owner, other.digestOf(terms));
        vm.expectRevert(problem);
        vm.prank(_opener);
        other.bindSigned(terms, signature);

        vm.chainId(block.chainid + 1);
        problem = abi.encodeWithSelector(IDeviceRegistry.NotSigned.selector, _owner, _registry.digestOf(terms));
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.bindSigned(terms, signature);
        vm.chainId(block.chainid - 1);

        // The opener's own signature is not the owner's.
        problem = abi.encodeWithSelector(IDeviceRegistry.NotSigned.selector, _owner, _registry.digestOf(terms));
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.bindSigned(terms, own);

        vm.prank(_opener);
        _registry.bindSigned(terms, signature);
        _expectOwner(_owner, "it was good after all");
    }

    function test_every_member_of_the_terms_is_signed() external view {
        Terms memory terms = _terms();
        bytes32 digest = _registry.digestOf(terms);
        for (uint256 i = 0; i < 10; ++i) {
            Terms memory changed = _terms();
            if (i == 0) changed.anchorRegistry = STRANGER;
            if (i == 1) changed.opener = STRANGER;
            if (i == 2) changed.originHash = "x";
            if (i == 3) changed.device = "x";
            if (i == 4) changed.owner = STRANGER;
            if (i == 5) changed.keyHash = "x";
            if (i == 6) changed.certificateHash = "x";
            if (i == 7) changed.openerRotates = false;
            if (i == 8) changed.history = "x";
            if (i == 9) changed.validUntil += 1;
            expect(_registry.digestOf(changed) != digest, vm.toString(i));
        }
    }

    function test_the_digest_is_that_of_eip_712() external view {
        Terms memory terms = _terms();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Kedge Device Registry"),
                keccak256("1"),
                block.chainid,
                address(_registry)
            )
        );
        expectBytes32(_registry.domainSeparator(), domain, "domain");
        bytes32 message = keccak256(
            bytes.concat(
                keccak256(
                    "DeviceBinding(address anchorRegistry,address opener,string origin,string device,address owner,bytes32 keyHash,bytes32 certificateHash,bool openerRotates,bytes32 history,uint64 validUntil)"
                ),
                abi.encode(terms.anchorRegistry, terms.opener, keccak256("kedge.example/street/1"), keccak256("urn:kedge:device:meter-1")),
                abi.encode(terms.owner, terms.keyHash, terms.certificateHash, terms.openerRotates, terms.history, terms.validUntil)
            )
        );
        expectBytes32(_registry.digestOf(terms), keccak256(abi.encodePacked(hex"1901", domain, message)), "digest");
    }

    // ---- who, and until when ----

    function test_nobody_else_has_a_say() external {
        Terms memory terms = _terms();
        bytes memory problem = abi.encodeWithSelector(IDeviceRegistry.NotASide.selector, STRANGER, _opener, _owner);
        _expectRefused(STRANGER, terms, problem);
        bytes memory signature = _sign(OWNER_KEY, terms);
        vm.expectRevert(problem);
        vm.prank(STRANGER);
        _registry.bindSigned(terms, signature);
        vm.expectRevert(problem);
        vm.prank(STRANGER);
        _registry.withdraw(terms);

        _bound(terms);
        vm.expectRevert(problem);
        vm.prank(STRANGER);
        _registry.unbind(ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE);
        // Whoever calls itself the opener speaks of a log of its own.
        bytes32 own = _registry.logIdOf(ANCHOR_REGISTRY, STRANGER, ORIGIN_HASH);
        problem = abi.encodeWithSelector(IDeviceRegistry.NotBound.selector, own, DEVICE);
        vm.expectRevert(problem);
        vm.prank(STRANGER);
        _registry.unbind(ANCHOR_REGISTRY, STRANGER, ORIGIN_HASH, DEVICE);
        vm.expectRevert(problem);
        vm.prank(STRANGER);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, 0, 0);
        // The owner does not name keys alone, and the opener does not say who asks the owner.
        own = _registry.logIdOf(ANCHOR_REGISTRY, _owner, ORIGIN_HASH);
        problem = abi.encodeWithSelector(IDeviceRegistry.NotBound.selector, own, DEVICE);
        vm.expectRevert(problem);
        vm.prank(_owner);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, 0, 0);
        problem = abi.encodeWithSelector(IDeviceRegistry.NotASide.selector, _opener, address(0), _owner);
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.fixKeys(_logId, DEVICE);
        _expectOwner(_owner, "still bound");
    }

    function test_a_device_is_not_bound_to_nobody() external {
        Terms memory terms = _terms();
        terms.owner = address(0);
        _expectRefused(_opener, terms, abi.encodeWithSelector(IDeviceRegistry.OwnerMissing.selector, _logId, DEVICE));
    }

    function test_terms_have_an_end() external {
        Terms memory terms = _terms();
        _bind(_opener, terms);
        vm.warp(terms.validUntil + 1);
        _expectRefused(_owner, terms, abi.encodeWithSelector(IDeviceRegistry.TermsExpired.selector, terms.validUntil, terms.validUntil + 1));
        vm.warp(terms.validUntil);
        expect(_bind(_owner, terms), "in the last second they hold");
    }

    function test_terms_take_effect_once() external {
        Terms memory terms = _terms();
        bytes memory signature = _sign(OWNER_KEY, terms);
        _bound(terms);
        bytes32 history = _binding().history;
        bytes memory problem = abi.encodeWithSelector(IDeviceRegistry.HistoryMoved.selector, _logId, DEVICE, bytes32(0), history);
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.bindSigned(terms, signature);

        vm.prank(_owner);
        _registry.unbind(ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE);
        history = _binding().history;
        problem = abi.encodeWithSelector(IDeviceRegistry.HistoryMoved.selector, _logId, DEVICE, bytes32(0), history);
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.bindSigned(terms, signature);
        _expectOwner(address(0), "what has ended does not come back by itself");
    }

    function test_words_can_be_taken_back() external {
        Terms memory terms = _terms();
        bytes32 digest = _registry.digestOf(terms);
        _bind(_opener, terms);
        vm.expectEmit(address(_registry));
        emit IDeviceRegistry.Withdrawn(_logId, DEVICE, _opener, digest);
        vm.prank(_opener);
        _registry.withdraw(terms);
        expect(_registry.wordOf(digest, _opener) == Word.Withdrawn, "taken back");
        expect(!_bind(_owner, terms), "the owner is alone with its word");

        // Of a signature that somebody holds, too.
        bytes memory signature = _sign(OWNER_KEY, terms);
        vm.prank(_owner);
        _registry.withdraw(terms);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NotSigned.selector, _owner, digest));
        vm.prank(_opener);
        _registry.bindSigned(terms, signature);

        _bound(terms);
        _expectOwner(_owner, "and said again");
    }

    // ---- afterwards ----

    function test_the_opener_rotates_where_the_owner_lets_it() external {
        _bound(_terms());
        bytes32 history = _binding().history;
        vm.warp(START + 100);
        bytes32 keyHash = keccak256("key 2");
        vm.expectEmit(address(_registry));
        emit IDeviceRegistry.Bound(_logId, DEVICE, _owner, keyHash, 0, true, _opener, uint40(START + 100), uint40(START));
        vm.prank(_opener);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, keyHash, 0);
        Binding memory binding = _binding();
        expectBytes32(binding.keyHash, keyHash, "key");
        expectBytes32(binding.certificateHash, 0, "certificate");
        expectUint(binding.boundSince, START, "it belongs to the same owner as before");
        expectUint(binding.changedAt, START + 100, "changed at");
        expectBytes32(
            binding.history,
            _registry.historyAfter(history, _logId, DEVICE, _owner, keyHash, 0, true, _opener, uint40(START + 100)),
            "history"
        );
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NothingChanges.selector, _logId, DEVICE));
        vm.prank(_opener);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, keyHash, 0);
    }

    function test_an_owner_that_wants_to_be_asked_is_asked() external {
        Terms memory terms = _terms();
        terms.openerRotates = false;
        _bound(terms);
        bytes memory problem = abi.encodeWithSelector(IDeviceRegistry.OwnerNotAsked.selector, _logId, DEVICE, _owner);
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, 0, 0);

        Terms memory next = _terms();
        next.keyHash = keccak256("key 2");
        vm.warp(START + 100);
        _bound(next);
        expectBytes32(_binding().keyHash, next.keyHash, "with its word it is rotated");
        expectUint(_binding().boundSince, START, "and belongs to it as before");

        vm.prank(_owner);
        _registry.fixKeys(_logId, DEVICE);
        expectBytes32(_binding().keyHash, next.keyHash, "the key stays");
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NothingChanges.selector, _logId, DEVICE));
        vm.prank(_owner);
        _registry.fixKeys(_logId, DEVICE);
    }

    function test_either_side_ends_it_alone() external {
        address[2] memory sides = [_opener, _owner];
        for (uint256 i = 0; i < 2; ++i) {
            _bound(_terms());
            bytes32 history = _binding().history;
            vm.expectEmit(address(_registry));
            emit IDeviceRegistry.Unbound(_logId, DEVICE, _owner, sides[i], uint40(START), uint40(START));
            vm.prank(sides[i]);
            _registry.unbind(ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE);
            Binding memory binding = _binding();
            expect(binding.owner == address(0) && binding.boundSince == 0 && !binding.openerRotates, "nobody's");
            expect(binding.keyHash == 0 && binding.certificateHash == 0, "without a key");
            expectUint(binding.changedAt, START, "changed at");
            expectBytes32(
                binding.history,
                _registry.historyAfter(history, _logId, DEVICE, address(0), 0, 0, false, sides[i], uint40(START)),
                "history"
            );
            vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NotBound.selector, _logId, DEVICE));
            vm.prank(sides[i]);
            _registry.unbind(ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE);
        }
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.NotBound.selector, _logId, DEVICE));
        vm.prank(_owner);
        _registry.fixKeys(_logId, DEVICE);
    }

    function test_a_device_changes_hands_by_ending_first() external {
        _bound(_terms());
        Terms memory terms = _terms();
        terms.owner = STRANGER;
        bytes memory problem = abi.encodeWithSelector(IDeviceRegistry.BoundToAnother.selector, _logId, DEVICE, _owner);
        _expectRefused(_opener, terms, problem);
        _expectRefused(STRANGER, terms, problem);
        vm.prank(_owner);
        _registry.unbind(ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE);
        vm.warp(START + 100);
        terms.history = _binding().history;
        _bound(terms);
        _expectOwner(STRANGER, "the next owner");
        expectUint(_binding().boundSince, START + 100, "since then");
    }

    function test_a_chain_that_counts_milliseconds_is_refused() external {
        vm.warp(1_800_000_000_000);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.TimeNotInSeconds.selector, 1_800_000_000_000));
        new DeviceRegistry();
    }

    // ---- whatever ----

    function testFuzz_what_both_say_is_what_is_bound(Terms memory terms, bool ownerFirst, bool bySignature) external {
        terms.opener = _opener;
        terms.owner = _owner;
        terms.history = 0;
        terms.validUntil = uint64(between(terms.validUntil, START, type(uint64).max));
        (address first, address second) = ownerFirst ? (_owner, _opener) : (_opener, _owner);
        if (bySignature) {
            bytes memory signature = _sign(ownerFirst ? OWNER_KEY : OPENER_KEY, terms);
            vm.prank(second);
            _registry.bindSigned(terms, signature);
        } else {
            _bind(first, terms);
            expect(_bind(second, terms), "bound");
        }
        bytes32 logId = _registry.logIdOf(terms.anchorRegistry, _opener, terms.originHash);
        Binding memory binding = _registry.bindingOf(logId, terms.device);
        expect(binding.owner == _owner && binding.openerRotates == terms.openerRotates, "owner and rule");
        expectBytes32(binding.keyHash, terms.keyHash, "key");
        expectBytes32(binding.certificateHash, terms.certificateHash, "certificate");
    }

    function testFuzz_a_stranger_changes_nothing(address stranger, Terms memory terms, bytes memory signature) external {
        vm.assume(stranger != _opener && stranger != _owner);
        _bound(_terms());
        bytes32 history = _binding().history;
        terms.anchorRegistry = ANCHOR_REGISTRY;
        terms.originHash = ORIGIN_HASH;
        terms.device = DEVICE;
        terms.opener = _opener;
        terms.history = history;
        bytes[6] memory calls = [
            abi.encodeCall(IDeviceRegistry.bind, (terms)),
            abi.encodeCall(IDeviceRegistry.bindSigned, (terms, signature)),
            abi.encodeCall(IDeviceRegistry.withdraw, (terms)),
            abi.encodeCall(IDeviceRegistry.rotate, (ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, terms.keyHash, terms.certificateHash)),
            abi.encodeCall(IDeviceRegistry.fixKeys, (_logId, DEVICE)),
            abi.encodeCall(IDeviceRegistry.unbind, (ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(stranger);
            (bool answered,) = address(_registry).call(calls[i]);
            // Of terms that name the stranger as an owner it may say, or take back, its own word: nothing comes of it.
            expect(!answered || (terms.owner == stranger && i == 2), vm.toString(i));
        }
        expectBytes32(_binding().history, history, "nothing has changed");
    }

    function testFuzz_a_changed_signature_is_none(uint256 bit) external {
        Terms memory terms = _terms();
        bytes memory signature = _sign(OWNER_KEY, terms);
        bit = bit % (8 * signature.length);
        signature[bit / 8] = bytes1(uint8(signature[bit / 8]) ^ uint8(1 << (bit % 8)));
        bytes memory problem = abi.encodeWithSelector(IDeviceRegistry.NotSigned.selector, _owner, _registry.digestOf(terms));
        vm.expectRevert(problem);
        vm.prank(_opener);
        _registry.bindSigned(terms, signature);
    }
}

/// @notice Lives of four devices in two logs, with two openers and two more owners, who say, sign, take back, rotate and end in whatever order the fuzzer likes, and try what is not theirs to do. Keeps its own books of who
/// said what, from which alone it knows what must be bound.
contract DeviceHandler is Check {
    uint256 internal constant ACTORS = 4;
    uint256 internal constant DEVICES = 4;
    address internal constant ANCHOR_REGISTRY = address(0xa4c404);

    DeviceRegistry public registry = new DeviceRegistry();
    /// @dev Device i is in the log of actor i mod 2. All four actors may own.
    Binding[DEVICES] internal _books;
    mapping(bytes32 digest => mapping(uint256 actor => bool)) internal _hasSaid;
    mapping(bytes32 digest => mapping(uint256 actor => bool)) internal _hasWithdrawn;
    mapping(bytes32 action => uint256) public done;
    /// @dev The first promise that was seen broken in the middle of an action.
    string public broken;

    function addressOf(uint256 actor) public pure returns (address) {
        return vm.addr(actor + 1);
    }

    function logIdOf(uint256 i) public view returns (bytes32) {
        return registry.logIdOf(ANCHOR_REGISTRY, addressOf(i % 2), bytes32(i % 2));
    }

    function books(uint256 i) external view returns (Binding memory) {
        return _books[i];
    }

    function _fail(bool isBroken, string memory what) internal {
        if (isBroken && bytes(broken).length == 0) broken = what;
    }

    /// @dev Few keys and owners, so that equal words and equal terms do happen.
    function _termsOf(uint256 i, uint256 owner, uint256 seed) internal view returns (Terms memory) {
        bytes32 history = _books[i].history;
        return Terms({
            anchorRegistry: ANCHOR_REGISTRY,
            opener: addressOf(i % 2),
            originHash: bytes32(i % 2),
            device: bytes32(i),
            owner: addressOf(owner),
            keyHash: bytes32(seed % 2),
            certificateHash: 0,
            openerRotates: seed % 3 != 0,
            // Now and then of another time.
            history: seed % 16 == 0 ? keccak256(abi.encode(history)) : history,
            validUntil: type(uint64).max
        });
    }

    function _book(uint256 i, address owner, bytes32 keyHash, bytes32 certificateHash, bool openerRotates, address by) internal {
        Binding storage book = _books[i];
        uint40 time = uint40(block.timestamp);
        if (book.owner != owner) (book.owner, book.boundSince) = (owner, owner == address(0) ? 0 : time);
        (book.keyHash, book.certificateHash, book.openerRotates, book.changedAt) = (keyHash, certificateHash, openerRotates, time);
        book.history = keccak256(abi.encode(book.history, logIdOf(i), bytes32(i), owner, keyHash, certificateHash, openerRotates, by, time));
    }

    /// @dev A call, and whether it must succeed by the books.
    function _call(uint256 actor, bytes memory input, bool expected, bytes32 action) internal returns (bytes memory answer) {
        vm.prank(addressOf(actor));
        bool answered;
        (answered, answer) = address(registry).call(input);
        _fail(answered != expected, string(abi.encodePacked(action, expected ? " was refused" : " was let in")));
        done[expected ? action : bytes32("refused")] += 1;
    }

    function _mayBind(uint256 i, uint256 actor, uint256 owner, Terms memory terms) internal view returns (bool) {
        Binding storage book = _books[i];
        bool isOthers = book.owner != address(0) && book.owner != terms.owner;
        return (actor == i % 2 || actor == owner) && book.history == terms.history && !isOthers;
    }

    function say(uint256 i, uint256 actor, uint256 owner, uint256 seed) external {
        (i, actor, owner) = (i % DEVICES, actor % ACTORS, owner % ACTORS);
        Terms memory terms = _termsOf(i, owner, seed);
        bytes32 digest = registry.digestOf(terms);
        uint256 other = actor == i % 2 ? owner : i % 2;
        bool may = _mayBind(i, actor, owner, terms);
        bytes memory answer = _call(actor, abi.encodeCall(registry.bind, (terms)), may, "say");
        if (!may) return;
        bool agreed = other == actor || _hasSaid[digest][other];
        _fail(abi.decode(answer, (bool)) != agreed, "bound without both sides, or not with both");
        if (agreed) _book(i, terms.owner, terms.keyHash, terms.certificateHash, terms.openerRotates, addressOf(actor));
        else (_hasSaid[digest][actor], _hasWithdrawn[digest][actor]) = (true, false);
        if (agreed) done["bound by words"] += 1;
    }

    function _sign(uint256 signer, Terms memory terms) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signer + 1, registry.digestOf(terms));
        return abi.encodePacked(r, s, v);
    }

    function saySigned(uint256 i, uint256 actor, uint256 owner, uint256 signer, uint256 seed) external {
        (i, actor, owner, signer) = (i % DEVICES, actor % ACTORS, owner % ACTORS, signer % ACTORS);
        Terms memory terms = _termsOf(i, owner, seed);
        bytes memory input = abi.encodeCall(registry.bindSigned, (terms, _sign(signer, terms)));
        uint256 other = actor == i % 2 ? owner : i % 2;
        bool may = _mayBind(i, actor, owner, terms) && signer == other && !_hasWithdrawn[registry.digestOf(terms)][other];
        _call(actor, input, may, "say signed");
        if (may) _book(i, terms.owner, terms.keyHash, terms.certificateHash, terms.openerRotates, addressOf(actor));
    }

    function withdraw(uint256 i, uint256 actor, uint256 owner, uint256 seed) external {
        (i, actor, owner) = (i % DEVICES, actor % ACTORS, owner % ACTORS);
        Terms memory terms = _termsOf(i, owner, seed);
        bytes32 digest = registry.digestOf(terms);
        bool may = actor == i % 2 || actor == owner;
        _call(actor, abi.encodeCall(registry.withdraw, (terms)), may, "withdraw");
        if (may) (_hasSaid[digest][actor], _hasWithdrawn[digest][actor]) = (false, true);
    }

    function rotate(uint256 i, uint256 actor, uint256 seed) external {
        (i, actor) = (i % DEVICES, actor % ACTORS);
        Binding storage book = _books[i];
        bytes32 keyHash = bytes32(seed % 3);
        bytes32 certificateHash = bytes32((seed >> 8) % 3);
        bool isNew = keyHash != book.keyHash || certificateHash != book.certificateHash;
        bool may = actor == i % 2 && book.owner != address(0) && book.openerRotates && isNew;
        bytes memory input = abi.encodeCall(registry.rotate, (ANCHOR_REGISTRY, bytes32(i % 2), bytes32(i), keyHash, certificateHash));
        _call(actor, input, may, "rotate");
        if (may) _book(i, book.owner, keyHash, certificateHash, true, addressOf(actor));
    }

    function fixKeys(uint256 i, uint256 actor) external {
        (i, actor) = (i % DEVICES, actor % ACTORS);
        Binding storage book = _books[i];
        bool may = book.owner == addressOf(actor) && book.openerRotates;
        _call(actor, abi.encodeCall(registry.fixKeys, (logIdOf(i), bytes32(i))), may, "fix keys");
        if (may) _book(i, book.owner, book.keyHash, book.certificateHash, false, addressOf(actor));
    }

    function unbind(uint256 i, uint256 actor) external {
        (i, actor) = (i % DEVICES, actor % ACTORS);
        address owner = _books[i].owner;
        bool may = owner != address(0) && (actor == i % 2 || addressOf(actor) == owner);
        bytes memory input = abi.encodeCall(registry.unbind, (ANCHOR_REGISTRY, addressOf(i % 2), bytes32(i % 2), bytes32(i)));
        _call(actor, input, may, "unbind");
        if (may) _book(i, address(0), 0, 0, false, addressOf(actor));
    }

    function wait_(uint256 seconds_) external {
        vm.warp(block.timestamp + between(seconds_, 1, 1 days));
    }
}

/// @notice What holds whatever happens.
contract DeviceInvariantTest is Check {
    DeviceHandler private _handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        _handler = new DeviceHandler();
    }

    /// @notice Whom the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Every binding is what its two sides said and did, since when they did, and nobody else has moved it.
    function invariant_a_binding_is_what_both_sides_said() public view {
        DeviceRegistry registry = _handler.registry();
        for (uint256 i = 0; i < 4; ++i) {
            bytes32 found = keccak256(abi.encode(registry.bindingOf(_handler.logIdOf(i), bytes32(i))));
            expectBytes32(found, keccak256(abi.encode(_handler.books(i))), vm.toString(i));
        }
    }

    /// @notice What the books allow is let in, and nothing else.
    function invariant_nobody_gets_more_or_less_than_their_say() public view {
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
    }

    /// @notice One long life by a fixed seed, to see that the fuzzer's actions do happen, all of them.
    function test_a_long_life_meets_everything() external {
        for (uint256 n = 0; n < 2000; ++n) {
            uint256 any = uint256(keccak256(abi.encode("life", n)));
            (uint256 action, uint256 i, uint256 actor, uint256 owner) = (any % 12, any >> 8, any >> 72, any >> 136);
            uint256 seed = any >> 200;
            if (action < 4) _handler.say(i, actor, owner, seed);
            else if (action < 7) _handler.saySigned(i, actor, owner, any >> 180, seed);
            else if (action < 8) _handler.withdraw(i, actor, owner, seed);
            else if (action < 9) _handler.rotate(i, actor, seed);
            else if (action < 10) _handler.fixKeys(i, actor);
            else if (action < 11) _handler.unbind(i, actor);
            else _handler.wait_(seed);
        }
        invariant_a_binding_is_what_both_sides_said();
        invariant_nobody_gets_more_or_less_than_their_say();
        bytes32[8] memory actions = [bytes32("say"), "bound by words", "say signed", "withdraw", "rotate", "fix keys", "unbind", "refused"];
        for (uint256 i = 0; i < actions.length; ++i) {
            expect(_handler.done(actions[i]) >= 5, string(abi.encodePacked(actions[i], vm.toString(_handler.done(actions[i])))));
        }
    }
}

/// @notice One call a test, for contracts/.gas-snapshot: a device without and with a past, in a registry that nothing was asked of before in the transaction.
contract DeviceRegistryGasTest is DeviceCheck {
    Terms private _fresh;
    bytes private _signature;
    Terms private _proposed;

    function setUp() public override {
        super.setUp();
        _bound(_terms());
        Terms memory terms = _terms();
        terms.device = "fresh";
        terms.history = 0;
        _fresh = terms;
        _signature = _sign(OWNER_KEY, terms);
        terms.device = "proposed";
        _proposed = terms;
        _bind(_opener, terms);
    }

    function test_gas_proposing() external {
        _bind(_opener, _fresh);
    }

    function test_gas_accepting() external {
        _bind(_owner, _proposed);
    }

    function test_gas_binding_with_a_signature() external {
        vm.prank(_opener);
        _registry.bindSigned(_fresh, _signature);
    }

    function test_gas_rotating() external {
        vm.prank(_opener);
        _registry.rotate(ANCHOR_REGISTRY, ORIGIN_HASH, DEVICE, "key 2", "certificate 2");
    }

    function test_gas_ending() external {
        vm.prank(_owner);
        _registry.unbind(ANCHOR_REGISTRY, _opener, ORIGIN_HASH, DEVICE);
    }
}
